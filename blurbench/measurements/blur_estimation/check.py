"""An estimator's result against the plugins and pictures that are here."""

from __future__ import annotations

from blurbench.contract import Estimator
from blurbench.errors import RecordError
from blurbench.matrix.cell import Data
from blurbench.measurements.blur_estimation.result import EstimationResult, Measured
from blurbench.measurements.measurement import Installation, Recorded

__all__ = ["check"]

ROUNDING = 1e-4
"""Of sigma in pixels: maps are computed in single precision."""


def check(result: EstimationResult, record: Recorded, installation: Installation) -> None:
    """Raises RecordError, or Unavailable without the pictures."""
    registry, measured = installation.registry, result.measured
    data = installation.data(registry.resolve("datasets", record.axes["dataset"].config))
    estimator: Estimator = registry.resolve("estimators", record.axes["estimator"].config)
    pictures = len(installation.labels(data, record.budget.get("test_images")))
    _check_counts(measured, record, estimator, data, pictures)
    _check_answers(measured, estimator)
    if measured.uniform_sigma is not None:
        _check_uniform(measured, estimator, measured.uniform_sigma)


def _check_counts(measured: Measured, record: Recorded, estimator: Estimator, data: Data, pictures: int) -> None:
    name, window = record.axes["dataset"].label, estimator.window
    if measured.pictures != pictures:
        raise RecordError(f"measured.pictures: {measured.pictures}, but {name} has {pictures} here")
    if measured.stride not in {record.settings["stride"], window}:
        raise RecordError(f"measured.stride: {measured.stride}, neither the suite's nor a whole window of {window}")
    rows, columns = (max(0, (side - window) // measured.stride + 1) for side in (data.shape.height, data.shape.width))
    if measured.readings != pictures * rows * columns:
        raise RecordError(
            f"measured.readings: {measured.readings}, but {pictures} pictures of {data.shape.height}x"
            f"{data.shape.width} pixels have {pictures * rows * columns} windows"
        )


def _check_answers(measured: Measured, estimator: Estimator) -> None:
    if (measured.accuracy is None) != (estimator.answers is None):
        kind = "any value" if estimator.answers is None else "certain values alone"
        raise RecordError(f"measured.accuracy: {measured.accuracy}, of an estimator that answers {kind}")
    if measured.raw.mse < measured.oracle_mse - ROUNDING:
        raise RecordError(
            f"measured.raw: an mse of {measured.raw.mse:.4g}, below {measured.oracle_mse:.4g} of the best answers that "
            "this estimator can give"
        )


def _check_uniform(measured: Measured, estimator: Estimator, sigma: float) -> None:
    """Where sigma is the same everywhere, what the truth alone decides is known."""
    low, high = estimator.limits
    best = min(estimator.answers or (min(max(sigma, low), high),), key=lambda answer: abs(answer - sigma))
    for name, right in (("mean_answer_mse", 0.0), ("oracle_mse", (best - sigma) ** 2)):
        if abs((stated := getattr(measured, name)) - right) > ROUNDING:
            raise RecordError(f"measured.{name}: {stated:.4g}, but under one sigma of {sigma:g} it is {right:.4g}")
    for name in ("raw", "smoothed"):
        bias = getattr(measured, name).bias
        if not low - sigma - ROUNDING <= bias <= high - sigma + ROUNDING:
            raise RecordError(f"measured.{name}.bias: {bias:.4g}, of an estimator that answers {low:g} to {high:g}")
