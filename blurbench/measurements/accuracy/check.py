"""A classifier's result against the data set that is here."""

from __future__ import annotations

from dataclasses import astuple

from blurbench.contract import Blur, Classifier, Dataset, Metric
from blurbench.errors import RecordError, shortened
from blurbench.measurements.accuracy.result import AccuracyResult, Images
from blurbench.measurements.measurement import Installation, Recorded
from blurbench.registry import Registry, label
from blurbench.registry.units import units

__all__ = ["check"]

SLACK = 1e-4
"""Beyond a metric's limits, for rounding."""


def check(result: AccuracyResult, record: Recorded, installation: Installation) -> None:
    """Raises RecordError, or Unavailable without the data."""
    name, registry = record.axes["dataset"].label, installation.registry
    blur: Blur = registry.resolve("blurs", record.axes["test_blur"].config)
    dataset: Dataset = registry.resolve("datasets", record.axes["dataset"].config)
    if result.photographed != blur.photographed:
        raise RecordError(f"photographed: {result.photographed}, but its test blur says {blur.photographed}")
    tested_on = dataset.photographed() if blur.photographed else dataset
    assert tested_on is not None  # or its work could not have been planned again
    data = installation.data(tested_on)
    if result.image_shape != list(astuple(data.shape)):
        raise RecordError(f"image_shape: {result.image_shape}, but {name} has {list(astuple(data.shape))}")
    if result.test_blur_units != units(blur):
        raise RecordError("test_blur_units: not those of its test blur")
    if result.images.label != installation.labels(data, record.budget.get("test_images")):
        raise RecordError(f"images.label: not the test labels of {name}")
    _check_answers(result.images, data.classes, name)
    _check_own(result, record, registry)
    classifier: Classifier = registry.resolve("classifiers", record.axes["classifier"].config)
    if result.cost.parameters < (least := installation.parameters(classifier, data)):
        raise RecordError(f"cost.parameters: {result.cost.parameters}, but its classifier has {least}")


def _check_own(result: AccuracyResult, record: Recorded, registry: Registry) -> None:
    """The metrics are those that were asked for, their numbers within the limits that their plugins state."""
    asked: list[Metric] = [registry.resolve("metrics", config) for config in record.settings.get("metrics", ())]
    metrics = {label(registry, metric): metric for metric in asked}
    if wrong := sorted(metrics.keys() ^ result.metrics.own.keys()):
        told = "was not asked for" if wrong[0] in result.metrics.own else "is lacking"
        raise RecordError(f"metrics.own: {shortened(wrong[0], 80)} {told}")
    for name, metric in metrics.items():
        values, (low, high) = [value for value in result.images.own[name] if value is not None], metric.limits
        if values and not low - SLACK <= min(values) <= max(values) <= high + SLACK:
            raise RecordError(f"images.own: a value of {name} is not in {low:g}..{high:g}")


def _check_answers(images: Images, classes: int, name: str) -> None:
    if max(images.predicted) >= classes:
        raise RecordError(f"images.predicted: {max(images.predicted)} is no class of {name}")
    if min(images.confidence) < 1 / classes - 1e-4:
        raise RecordError(f"images.confidence: the likeliest of {classes} classes has at least 1/{classes}")
