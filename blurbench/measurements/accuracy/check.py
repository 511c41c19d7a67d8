"""A classifier's result against the data set that is here."""

from __future__ import annotations

from dataclasses import astuple

from blurbench.contract import Classifier
from blurbench.errors import RecordError
from blurbench.measurements.accuracy.result import AccuracyResult, Images
from blurbench.measurements.measurement import Installation, Recorded
from blurbench.registry.units import units

__all__ = ["check"]


def check(result: AccuracyResult, record: Recorded, installation: Installation) -> None:
    """Raises RecordError, or Unavailable without the data."""
    name, registry = record.axes["dataset"].label, installation.registry
    data = installation.data(registry.resolve("datasets", record.axes["dataset"].config))
    if result.image_shape != list(astuple(data.shape)):
        raise RecordError(f"image_shape: {result.image_shape}, but {name} has {list(astuple(data.shape))}")
    if result.test_blur_units != units(registry.resolve("blurs", record.axes["test_blur"].config)):
        raise RecordError("test_blur_units: not those of its test blur")
    if result.images.label != installation.labels(data, record.budget.get("test_images")):
        raise RecordError(f"images.label: not the test labels of {name}")
    _check_answers(result.images, data.classes, name)
    classifier: Classifier = registry.resolve("classifiers", record.axes["classifier"].config)
    if result.cost.parameters < (least := installation.parameters(classifier, data)):
        raise RecordError(f"cost.parameters: {result.cost.parameters}, but its classifier has {least}")


def _check_answers(images: Images, classes: int, name: str) -> None:
    if max(images.predicted) >= classes:
        raise RecordError(f"images.predicted: {max(images.predicted)} is no class of {name}")
    if min(images.confidence) < 1 / classes - 1e-4:
        raise RecordError(f"images.confidence: the likeliest of {classes} classes has at least 1/{classes}")
