"""What plugins are tried on: pictures and digits that scikit-learn ships, and one small working plugin of each kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from blurbench.contract import (
    Answered,
    Blur,
    Budget,
    Classifier,
    Dataset,
    Estimator,
    FitJob,
    ImageSet,
    Metric,
    Plugin,
    Psf,
    Range,
    Restorer,
    RestorerJob,
    Shape,
    Split,
    Splits,
    Strategy,
)
from blurbench.registry import Registration, Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from torch import nn

    from blurbench.imaging.draws import Draws

__all__ = [
    "BUDGET",
    "SAMPLES",
    "SampleBlur",
    "SampleClassifier",
    "SampleDigits",
    "SampleEstimator",
    "SampleMetric",
    "SampleRestorer",
    "SampleStrategy",
    "digit_sets",
    "pictures",
    "with_samples",
]

BUDGET = Budget("check", 96, 32, 32, epochs=3, finetune_epochs=2, restorer_epochs=8)
"""Seconds of training: enough for a loss to fall."""


# --- images --------------------------------------------------------------------------------------------------------


def pictures(channels: int, count: int, height: int, width: int, first: int = 0) -> ImageSet:
    """Crops of photographs, each with a recorded blurred photograph: the same crop, moved a pixel during exposure."""
    import torch

    photographs = _photographs()
    rows, columns = photographs.shape[2] - height, photographs.shape[3] - width - 1
    crops = []
    for number in range(first, first + count):
        top, left = (37 * number) % rows, (61 * number) % columns
        crops.append(photographs[number % 2, :, top : top + height, left : left + width + 1])
    wide = torch.stack(crops)
    wide = wide.mean(1, keepdim=True) if channels == 1 else wide[:, :channels]
    images, recorded = wide[..., :-1].contiguous(), ((wide[..., :-1] + wide[..., 1:]) / 2).contiguous()
    return ImageSet(images, torch.arange(count) % 2, torch.arange(first, first + count), recorded)


@cache
def _photographs() -> torch.Tensor:
    """Float32 (2, 3, 213, 320): half the size, so that no value lies on one of 256 levels by itself."""
    import numpy as np
    import torch
    from sklearn.datasets import load_sample_images

    whole = np.stack(load_sample_images().images).transpose(0, 3, 1, 2)
    return torch.nn.functional.avg_pool2d(torch.from_numpy(np.ascontiguousarray(whole)).float().div_(255), 2)


def digit_sets(budget: Budget) -> tuple[ImageSet, ImageSet, ImageSet]:
    """The first training, validation and test images of `SampleDigits`; ids are positions."""
    import torch

    splits = SampleDigits().load(())
    counts = (budget.train_images, budget.validation_images, budget.test_images)
    return tuple(  # type: ignore[return-value] # three parts, three counts
        ImageSet(
            torch.from_numpy(part.images[:count]).float().div_(255),
            torch.from_numpy(part.labels[:count]),
            torch.arange(len(part.labels[:count])),
        )
        for part, count in zip((splits.train, splits.validation, splits.test), counts, strict=True)
    )


# --- a plugin of each kind -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SampleBlur(Blur):
    """A Gaussian whose width is drawn for each image."""

    family: ClassVar[str] = "gaussian"

    def psf(self, draws: Draws) -> Psf:
        from blurbench.contract import GaussianPsf

        return GaussianPsf(draws("sigma", Range(0.8, 1.4)))


@dataclass(frozen=True)
class SampleRestorer(Restorer):
    """Two convolutions that learn what to add."""

    def build(self, shape: Shape) -> nn.Module:
        from blurbench.testing.networks import SmallRestorer

        return SmallRestorer(shape.channels)

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        from blurbench.training import fit_restorer

        return fit_restorer(module, job, self.recipe(job.budget))


@dataclass(frozen=True)
class SampleClassifier(Classifier):
    """Two convolutions, a norm and a linear layer, for images of any size."""

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench.testing.networks import SmallClassifier

        return SmallClassifier(shape.channels, classes)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        parts: Any = module
        return [[parts.first, parts.norm], [parts.second], [parts.last]]


@dataclass(frozen=True)
class SampleStrategy(Strategy):
    """The classifier is fitted to sharp images."""

    def uses_train_blur(self) -> bool:
        return False

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        from blurbench.training import fit_from_scratch

        assert module is not None
        return fit_from_scratch(module, job, lambda images, epoch: images.images)


@dataclass(frozen=True)
class SampleEstimator(Estimator):
    """The Gaussian that makes a step of the image's contrast as steep as its steepest place."""

    @property
    def limits(self) -> tuple[float, float]:
        return (0.0, 10.0)

    def estimate(self, images: torch.Tensor, module: nn.Module | None = None) -> torch.Tensor:
        grey = images.mean(1)
        contrast = grey.amax((1, 2)) - grey.amin((1, 2))
        return (contrast / grey.diff(dim=2).abs().amax((1, 2)).clamp_min(1e-3) / 2.5066).clamp(0, 10)


@dataclass(frozen=True)
class SampleMetric(Metric):
    """The mean squared change by a restorer; nothing where there is none."""

    limits: ClassVar[tuple[float, float]] = (0.0, math.inf)

    def measure(self, answered: Answered) -> torch.Tensor:
        restored = answered.restored
        if restored is None:
            return answered.blurred.new_full((len(answered.blurred),), math.nan)
        return (restored - answered.blurred).square().flatten(1).mean(dim=1)


@dataclass(frozen=True)
class SampleDigits(Dataset):
    """Handwritten digits, 16x16 grey: 8x8 in scikit-learn, each pixel twice as wide and high."""

    lineage: ClassVar[frozenset[str]] = frozenset({"optical-digits"})
    licence: ClassVar[str] = "CC BY 4.0 (Alpaydin and Kaynak 1998)"
    about: ClassVar[str] = "handwritten digits"

    readers: ClassVar[list[list[str]]] = []
    """Whoever watches is told of each reading."""

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        import sklearn

        return (Path(sklearn.__file__).parent / "datasets" / "data" / "digits.csv.gz",)

    def load(self, folders: Sequence[Path]) -> Splits:
        for seen in self.readers:
            seen.append("load")
        return _digits()

    @classmethod
    @contextmanager
    def watched(cls) -> Iterator[list[str]]:
        """A list that fills when somebody reads the images."""
        seen: list[str] = []
        cls.readers.append(seen)
        try:
            yield seen
        finally:
            cls.readers.remove(seen)


@cache
def _digits() -> Splits:
    import numpy as np
    from sklearn.datasets import load_digits

    data = load_digits()
    whole = np.kron(data.images * 15.9375, np.ones((1, 2, 2))).astype(np.uint8)[:, None]
    labels = data.target.astype(np.int64)
    cuts = (slice(0, 1000), slice(1000, 1300), slice(1300, None))
    train, validation, test = (Split(whole[rows], labels[rows]) for rows in cuts)
    return Splits(train, validation, test, tuple("0123456789"))


SAMPLES: dict[str, type[Plugin]] = {
    "blurs": SampleBlur,
    "restorers": SampleRestorer,
    "classifiers": SampleClassifier,
    "strategies": SampleStrategy,
    "datasets": SampleDigits,
    "estimators": SampleEstimator,
    "metrics": SampleMetric,
}


def with_samples(registry: Registry) -> Registry:
    """A copy of `registry` that knows the samples, as `sample-blurs` and so on."""
    copy = registry.copy()
    for kind, cls in SAMPLES.items():
        if f"sample-{kind}" not in copy.entries[kind]:
            copy.add(Registration(kind, f"sample-{kind}", cls, "blurbench.testing", "sample"))
    return copy
