"""What data sets hand over and what predictors answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blurbench.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

__all__ = ["Labelled", "Output", "Split", "Splits"]


@dataclass(frozen=True, eq=False)
class Split:
    """Decoded images of one part of a data set: `images` uint8 (N, C, H, W), `labels` int64 (N,).

    `recorded`, as `images`, where the data set holds a blurred photograph of each.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    recorded: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Splits:
    """A whole data set. The three parts share no image."""

    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]

    def among(self, class_names: Sequence[str]) -> Splits:
        """The same images, each labelled by the place of its class in `class_names`, which may be more than its own.

        Raises UsageError for a class that is none of them.
        """
        import numpy as np

        labels = np.array(_places(self.class_names, class_names), np.int64)

        def labelled(split: Split) -> Split:
            return Split(split.images, labels[split.labels], split.recorded)

        return Splits(labelled(self.train), labelled(self.validation), labelled(self.test), tuple(class_names))


def _places(names: Sequence[str], class_names: Sequence[str]) -> list[int]:
    """The place of each name among `class_names`; raises UsageError for one that is none of them."""
    place = {name: label for label, name in enumerate(class_names)}
    for name in names:
        if name not in place:
            raise UsageError(
                f"class {name!r} is none of the network's {len(place):,} classes{did_you_mean(name, place)}"
            )
    return [place[name] for name in names]


@dataclass(frozen=True)
class Labelled:
    """Pictures in files with their classes, and the names of all classes in the order of their labels."""

    pictures: tuple[tuple[Path, str], ...]
    class_names: tuple[str, ...]

    def among(self, class_names: Sequence[str]) -> Labelled:
        """The same pictures, where `class_names` are all classes. Raises UsageError for one that is none of them."""
        _places(self.class_names, class_names)
        return Labelled(self.pictures, tuple(class_names))


@dataclass(frozen=True, eq=False)
class Output:
    """What a predictor says of N images: `logits` (N, K), the images after restoration if there was one, and
    per-image observations by name, each (N,), such as the share of masked patches."""

    logits: torch.Tensor
    restored: torch.Tensor | None = None
    observations: Mapping[str, torch.Tensor] = field(default_factory=dict)
