"""Classifiers and data sets that were given in Python: plugins whose parameters are the digests of their content.

What they hold is of one evaluation: each gets classes of its own, so that nothing outlives it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, ClassVar
from weakref import ReferenceType, ref

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from blurbench.contract import Classifier, Dataset, Ref, Shape, Split, Splits
from blurbench.errors import Unavailable, UsageError, shortened
from blurbench.imaging.received import shown

__all__ = ["AsItIs", "GivenImages", "GivenNetwork", "Images", "MappedClasses", "Network", "OwnNetwork", "holding"]


# --- networks ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Network:
    """What is asked: a copy of a network that nobody else has, or a function as it is."""

    ask: Callable[[Tensor], Any]
    batch: int
    """Images at once, at the most."""


class OwnNetwork(nn.Module):
    """A network behind its preprocessing: images (N, C, H, W) in [0, 1] to logits (N, classes).

    `mean` and `deviation` hold a number a channel, or one for all; where they are empty images come as they are.
    """

    def __init__(self, given: Network, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.ask = copy.deepcopy(given.ask) if isinstance(given.ask, nn.Module) else given.ask
        self.batch = given.batch
        self.mean = nn.Buffer(torch.tensor(mean or [0.0])[:, None, None], persistent=False)
        self.deviation = nn.Buffer(torch.tensor(deviation or [1.0])[:, None, None], persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Raises UsageError for answers that are no logits."""
        # What looks at the whole batch gets it whole: norms that train, and those that adapt, before which hooks stand.
        looking = any(layer.training or layer._forward_pre_hooks for layer in self.modules())
        whole = looking or len(images) <= self.batch
        parts = [images] if whole else torch.split(images, self.batch)
        return torch.cat([self._answers(part) for part in parts])

    def _answers(self, images: Tensor) -> Tensor:
        standardised = (images - self.mean) / self.deviation
        answers = self.ask(standardised.to(self._dtype()))
        logits = torch.from_numpy(answers) if isinstance(answers, np.ndarray) else answers
        if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(images):
            hint = "; give lambda images: network(images).logits" if hasattr(logits, "logits") else ""
            raise UsageError(
                f"the network gave {shown(logits)} for {len(images)} images, wanted logits, a tensor "
                f"({len(images)}, classes){hint}"
            )
        return logits.to(images.device).float()

    def _dtype(self) -> torch.dtype:
        """Half precision is asked in half precision."""
        return next((value.dtype for value in self.parameters() if value.is_floating_point()), torch.float32)


@dataclass(frozen=True)
class GivenNetwork(Classifier):
    """A network that was given in Python, as it is."""

    content: str
    """The digest of its weights and code."""
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()

    held: ClassVar[ReferenceType[Network] | None] = None

    @property
    def is_given(self) -> bool:
        return True

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return OwnNetwork(_held(self.held, "the network"), self.mean, self.deviation)


@dataclass(frozen=True)
class AsItIs(Classifier):
    """Another classifier with the weights that come with it, which is not fitted."""

    classifier: Ref[Classifier]

    @property
    def is_given(self) -> bool:
        return True

    def files(self) -> tuple[Path, ...]:
        return self.classifier.files()

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return self.classifier.build(shape, classes)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        return self.classifier.units(module)


# --- images --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Images:
    """Labelled images: uint8 (N, C, H, W), int64 (N,), and the names of the classes where they are known."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class GivenImages(Dataset):
    """Labelled images that were given in Python, all of them to test with."""

    content: str
    """The digest of pixels and labels."""
    class_names: tuple[str, ...]

    held: ClassVar[ReferenceType[Images] | None] = None

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return ()

    def load(self, folders: Sequence[Path]) -> Splits:
        given = _held(self.held, "the images")
        none = Split(given.images[:0], given.labels[:0])
        return Splits(none, none, Split(given.images, given.labels), self.class_names)


@dataclass(frozen=True)
class MappedClasses(Dataset):
    """Another data set whose classes are found, by their names, among those of a network, in the network's order."""

    base: Ref[Dataset]
    class_names: tuple[str, ...]

    @property
    def lineage(self) -> frozenset[str]:  # type: ignore[override]
        return self.base.lineage

    def photographed(self) -> Dataset | None:
        photographed = self.base.photographed()
        return photographed and MappedClasses(photographed, self.class_names)

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return self.base.sources(folders)

    def load(self, folders: Sequence[Path]) -> Splits:
        """Raises UsageError for a class that is none of the network's."""
        return self.base.load(folders).among(self.class_names)

    def picture(self, file: BinaryIO, shape: Shape) -> NDArray[np.uint8]:
        return self.base.picture(file, shape)


# --- what they hold ------------------------------------------------------------------------------------------------


def holding(cls: type[Any], held: object) -> type[Any]:
    """The plugin class of one evaluation, which keeps nothing alive."""
    return type(cls.__name__, (cls,), {"held": ref(held), "__doc__": cls.__doc__, "__module__": cls.__module__})


def _held(held: ReferenceType[Any] | None, what: str) -> Any:
    if (found := held and held()) is None:
        raise Unavailable(f"{what} of this run was given in Python and is gone: call evaluate again")
    return found


def shown_error(error: Exception) -> str:
    """What somebody's own code raised, in one line."""
    return f"{type(error).__name__}: {shortened(str(error), 300)}"
