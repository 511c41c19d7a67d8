"""What is stored of a classifier's cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import starmap
from statistics import fmean
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from blurbench.measurements.schema import Key, Label, Number, Result, Seconds, Share, Stored, Text, Whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["AccuracyResult", "Cost", "Images", "Metrics", "mean_of_defined"]

TELLING = 5
"""So many confidences with four decimals that agree are no accident."""
MOST_FLIPS = 0.001
"""The share of test images whose predicted label may change when a cell is measured again."""
FIGURES = (
    *(f"metrics.{name}" for name in ("top5", "calibration_error", "log_loss", "brier")),
    *(f"metrics.{stage}_{name}" for stage in ("blurred", "restored") for name in ("psnr", "ssim")),
    *(f"cost.{name}" for name in ("parameters", "macs", "fit_steps", "fit_images_seen")),
)
"""What is compared beside the predictions."""
CLOSE = 2e-3
"""By how much a figure may differ, and as a share of it where that is more: a thousandth of the images may flip."""


class Metrics(Stored):
    """What a cell measured over `n` test images. Image measures are means over images, on the 0..1 scale."""

    n: Annotated[int, Field(ge=1)]
    top1: Share
    top5: Share | None = None
    """None where there are five classes or fewer."""
    calibration_error: Share
    """Expected calibration error, 15 equal-width bins of confidence."""
    log_loss: Annotated[Number | None, Field(ge=0)] = None
    """Mean negative log-likelihood of the true label, in nats. None in records of before it was stored, as Brier's."""
    brier: Annotated[float | None, Field(ge=0, le=2)] = None
    """Mean squared distance of the probabilities from the true label, summed over classes."""
    blurred_mse: Number | None = None
    blurred_psnr: Number | None = None
    blurred_ssim: Number | None = None
    restored_mse: Number | None = None
    restored_psnr: Number | None = None
    restored_ssim: Number | None = None
    observations: dict[Text, Number] = Field(default={})
    own: Annotated[dict[Label, Number | None], Field(max_length=64)] = Field(default={})
    """By the label of a metric that was asked for, the mean over the images of which it says something."""


class Images(Stored):
    """Per test image, in id order: the true label, the predicted one, its softmax confidence, and how far the blurred
    and the restored image are from the clean one, so that rows can be compared image by image."""

    label: list[Whole]
    predicted: list[Whole]
    confidence: list[Share]
    blurred_mse: list[Number] | None = None
    restored_mse: list[Number] | None = None
    restored_ssim: list[Number] | None = None
    feature_gradients: list[Number] | None = None
    """Where the suite asks for it, the measure of `metrics.feature_gradients`; its mean is among the observations."""
    own: Annotated[dict[Label, list[Number | None]], Field(max_length=64)] = Field(default={})
    """What each metric that was asked for says of them; None where it says nothing."""


class Cost(Stored):
    """What the row costs. Fitting seconds depend on the machine; counts do not."""

    fit_seconds: Seconds
    """Over everything that had to be fitted for this predictor, shared artifacts counted in full."""
    fit_images_seen: Whole
    fit_steps: Whole | None = None
    """Optimiser steps over the same artifacts."""
    still_improving: bool | None = None
    """Whether the last epoch of any of them still lowered its validation loss; None where none of them says."""
    parameters: Whole
    """Of all networks that run at prediction."""
    macs: Whole | None = None
    """Multiply-accumulates an image in those networks' convolutions, linear layers and attention; mean over a few."""
    evaluate_seconds: Seconds
    timing: Key
    """The `Timing` that holds this row's milliseconds an image."""


class AccuracyResult(Result):
    """What a classifier answered on the test images of a cell."""

    images_of_its_own = frozenset({"images"})
    score_name, score_form = "top-1", "{:.1%}"

    measure: Literal["accuracy"]
    image_shape: Annotated[list[Whole], Field(min_length=3, max_length=3)]
    """Channels, rows, columns of the test images."""
    photographed: bool = False
    """Whether these are no test images of the data set that a blur was put on, but other pictures, really blurred."""
    test_blur_units: Annotated[dict[Text, Text], Field(max_length=64)] = Field(default={})
    """`{"sigma": "pixels"}`; parameters inside a chain as `steps.0.sigma`."""
    metrics: Metrics
    images: Images
    cost: Cost

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        lists = self.images
        if not len(lists.label) == len(lists.predicted) == len(lists.confidence) == self.metrics.n:
            raise ValueError("label, predicted and confidence must have n entries each")
        for name in ("blurred_mse", "restored_mse", "restored_ssim"):
            self._check_mean(name, getattr(lists, name), getattr(self.metrics, name))
        observed = self.metrics.observations.get("feature_gradients")
        self._check_mean("feature_gradients", lists.feature_gradients, observed)
        if lists.own.keys() != self.metrics.own.keys():
            raise ValueError("metrics.own and images.own must be of the same metrics")
        for name, values in lists.own.items():
            self._check_own(name, values, self.metrics.own[name])
        hits = sum(map(int.__eq__, lists.label, lists.predicted))
        if abs(hits / self.metrics.n - self.metrics.top1) > 1e-6:
            raise ValueError(f"top1 is {self.metrics.top1}, but the predictions give {hits / self.metrics.n:.6f}")
        return self

    def _check_mean(self, name: str, values: list[float] | None, mean: float | None) -> None:
        if values is None:
            return
        if len(values) != self.metrics.n:
            raise ValueError(f"{name} must have n entries")
        if mean is None or abs(sum(values) / len(values) - mean) > 1e-5 * max(1, abs(mean)):
            raise ValueError(f"{name} is {mean}, but the images give {sum(values) / len(values):.6f}")

    def _check_own(self, name: str, values: list[float | None], mean: float | None) -> None:
        if len(values) != self.metrics.n:
            raise ValueError(f"{name} must have n entries")
        found = mean_of_defined(values)
        if (found is None) != (mean is None) or abs((found or 0) - (mean or 0)) > 1e-5 * max(1, abs(mean or 0)):
            raise ValueError(f"{name} is {mean}, but the images give {found}")

    @property
    def score(self) -> float:
        return self.metrics.top1

    @property
    def timing(self) -> str:
        return self.cost.timing

    @property
    def seconds_taken(self) -> float:
        return self.cost.evaluate_seconds

    @property
    def fitting_seconds(self) -> float:
        return self.cost.fit_seconds

    def fitted_answers(self) -> NDArray[np.float64] | None:
        import numpy as np

        if not self.cost.fit_images_seen:
            return None
        predicted, confidence = np.array(self.images.predicted), np.array(self.images.confidence)
        telling = (confidence > 0.001) & (confidence < 0.9995)  # those of 1 are alike whatever was fitted
        return np.where(telling, predicted + confidence, np.nan) if telling.sum() >= TELLING else None

    def difference(self, other: Self) -> str:
        flips = self._flips(other)
        same = self.images.label == other.images.label and not flips
        return "" if same else f"{flips} of {len(self.images.label)} predictions"

    def _flips(self, other: Self) -> int:
        """Test images that are given another label."""
        return sum(map(int.__ne__, self.images.predicted, other.images.predicted))

    def repeated(self, again: Self) -> tuple[bool, str]:
        flips, images = self._flips(again), len(self.images.label)
        judgement = f"{flips} of {images} predictions changed"
        if self.images.label != again.images.label:
            return False, "its test labels are not those of the data set that is here"
        if flips > MOST_FLIPS * images:
            return False, f"{judgement}, at most {MOST_FLIPS:.1%} may"
        changed = [told for told in starmap(_changed, self._figures(again)) if told]
        return not changed, f"{judgement}, but {'; '.join(changed)}" if changed else judgement

    def _figures(self, again: Self) -> Iterator[tuple[str, float | None, float | None]]:
        """The name of each figure, the predictions aside, and what it came out as both times."""
        for part, _, name in (figure.partition(".") for figure in FIGURES):
            yield name, getattr(getattr(self, part), name), getattr(getattr(again, part), name)
        for name, mean in self.metrics.own.items():
            yield name, mean, again.metrics.own.get(name)

    def refitted(self, again: Self) -> tuple[bool, str]:
        import numpy as np

        from blurbench.metrics.intervals import difference_interval

        correct = [np.array(one.images.label) == np.array(one.images.predicted) for one in (again, self)]
        found = difference_interval((correct[0].astype(float) - correct[1])[None])
        could = "can" if found.excludes_zero else "cannot"
        interval = f"{found.estimate:+.1%} [{found.low:+.1%}, {found.high:+.1%}]"
        return not found.excludes_zero, f"one seed is stored, so images only: {interval}, which {could} be told from 0"


def _changed(name: str, old: float | None, new: float | None) -> str:
    """What a figure came out as otherwise; rounding is not told."""
    if old is None or (new is not None and abs(new - old) <= CLOSE * max(1.0, abs(new))):
        return ""
    return f"{name} is stored as {old:.6g}, measured again {'none' if new is None else f'{new:.6g}'}"


def mean_of_defined(values: Iterable[float | None]) -> float | None:
    """None where no value is known."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
