"""What is stored of a classifier's cell."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from blurbench.measurements.schema import Key, Number, Result, Seconds, Share, Stored, Text, Whole

__all__ = ["AccuracyResult", "Cost", "Images", "Metrics"]


class Metrics(Stored):
    """What a cell measured over `n` test images. Image measures are means over images, on the 0..1 scale."""

    n: Annotated[int, Field(ge=1)]
    top1: Share
    top5: Share | None = None
    """None where there are five classes or fewer."""
    calibration_error: Share
    """Expected calibration error, 15 equal-width bins of confidence."""
    blurred_mse: Number | None = None
    blurred_psnr: Number | None = None
    blurred_ssim: Number | None = None
    restored_mse: Number | None = None
    restored_psnr: Number | None = None
    restored_ssim: Number | None = None
    observations: dict[Text, Number] = {}


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


class Cost(Stored):
    """What the row costs. Fitting seconds depend on the machine; counts do not."""

    fit_seconds: Seconds
    """Over everything that had to be fitted for this predictor, shared artifacts counted in full."""
    fit_images_seen: Whole
    fit_steps: Whole | None = None
    """Optimiser steps over the same artifacts."""
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

    measure: Literal["accuracy"] = "accuracy"
    image_shape: Annotated[list[Whole], Field(min_length=3, max_length=3)]
    """Channels, rows, columns of the test images."""
    test_blur_units: Annotated[dict[Text, Text], Field(max_length=64)] = {}
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

    @property
    def headline(self) -> str:
        return f"top-1 {self.metrics.top1:.1%}"

    @property
    def timing(self) -> str:
        return self.cost.timing

    @property
    def seconds_taken(self) -> float:
        return self.cost.evaluate_seconds

    def difference(self, other: Self) -> str:
        changed = sum(map(int.__ne__, self.images.predicted, other.images.predicted))
        same = self.images.label == other.images.label and not changed
        return "" if same else f"{changed} of {len(self.images.label)} predictions"
