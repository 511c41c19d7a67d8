"""What must hold inside one estimator's result, whoever wrote it, beyond its schema."""

from __future__ import annotations

from typing import Any

from blurbench.measurements.blur_estimation.result import Errors, EstimationResult, Measured
from blurbench.measurements.measurement import Recorded

__all__ = ["sanity_check"]

WIDEST = 100.0
"""Sigma in pixels; no blur here is wider, and no estimator is that far off."""
FASTEST = 1e9
"""Windows a second that nothing reaches."""
MOST_SECONDS = 1e8
"""Three years."""
MOST_PARAMETERS = 10**13
ROUNDING = 1e-5
"""Relative; sums are taken in double precision."""


def sanity_check(result: EstimationResult, record: Recorded) -> None:
    """Raise ValueError in one line for what cannot have been measured."""
    measured = result.measured
    if "fitted_on" not in record.axes and record.seed:
        raise ValueError(f"seed: {record.seed}, but nothing was fitted")
    for name in ("raw", "smoothed"):
        _check_errors(f"measured.{name}", getattr(measured, name))
    for name in ("oracle_mse", "mean_answer_mse"):
        if not 0 <= getattr(measured, name) <= WIDEST**2:
            raise ValueError(f"measured.{name}: {getattr(measured, name):g} is not in 0..{WIDEST**2:g}")
    _check_counts(measured)
    _check_flat(measured)
    if not measured.readings <= FASTEST * result.seconds <= FASTEST * MOST_SECONDS:
        raise ValueError(f"seconds: {measured.readings} windows read in {result.seconds} s")
    if (result.fit_seconds or 0.0) > MOST_SECONDS:
        raise ValueError(f"fit_seconds: {result.fit_seconds:g} is more than three years")
    if result.parameters > MOST_PARAMETERS:
        raise ValueError(f"parameters: {result.parameters}")
    _check_fit(result.fit)


def _check_errors(place: str, errors: Errors) -> None:
    if min(errors.per_picture) < 0 or errors.rmse < 0:
        raise ValueError(f"{place}: an error below 0")
    if errors.rmse > WIDEST:
        raise ValueError(f"{place}: an rmse of {errors.rmse:g} pixels, at most {WIDEST:g} can be")
    if abs(errors.bias) > errors.rmse * (1 + ROUNDING) + 1e-9:
        raise ValueError(f"{place}: a bias of {errors.bias:g} cannot be with an rmse of {errors.rmse:g}")


def _check_counts(measured: Measured) -> None:
    if measured.readings % measured.pictures:
        raise ValueError(f"measured.readings: {measured.readings} of {measured.pictures} pictures of one size")
    if measured.smoothing % 2 == 0:
        raise ValueError(f"measured.smoothing: {measured.smoothing} readings, not an odd number")
    for name in ("accuracy", "flat_share"):
        counted = (getattr(measured, name) or 0.0) * measured.readings
        if abs(counted - round(counted)) > ROUNDING * max(1.0, counted):
            raise ValueError(f"measured.{name}: no share of {measured.readings} readings")


def _check_flat(measured: Measured) -> None:
    """What was read where nothing can be read, and where something can, makes up the whole."""
    flat, mse = measured.flat_share, measured.raw.mse
    if (flat > 0) != (measured.flat_bias is not None) or (flat > 0) != bool(measured.flat_biases):
        raise ValueError(f"measured.flat_bias: of a share of {flat:g} of flat windows")
    if (flat < 1) != (measured.textured_mse is not None):
        raise ValueError(f"measured.textured_mse: with a share of {flat:g} of flat windows")
    if len(measured.flat_biases) > measured.pictures:
        raise ValueError(f"measured.flat_biases: {len(measured.flat_biases)} of {measured.pictures} pictures")
    bias, textured = measured.flat_bias or 0.0, measured.textured_mse or 0.0
    low, high = min(measured.flat_biases, default=0.0), max(measured.flat_biases, default=0.0)
    if not low - 1e-6 <= bias <= high + 1e-6:
        raise ValueError(f"measured.flat_bias: {bias:g} is not among those of the pictures")
    if textured < 0 or flat * bias**2 + (1 - flat) * textured > mse * (1 + ROUNDING) + 1e-9:
        raise ValueError(f"measured.textured_mse: {textured:g} cannot be with an mse of {mse:g} over all windows")


def _check_fit(notes: dict[str, Any]) -> None:
    """Of what estimators note of their fit, what other parts of blurbench read."""
    shares = notes.get("validation_accuracy", [])
    if not isinstance(shares, list) or not all(type(share) in (int, float) and 0 <= share <= 1 for share in shares):
        raise ValueError("fit.validation_accuracy: not a list of shares")
