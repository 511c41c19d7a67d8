"""The measurements that a suite can ask for. Importing this imports no torch: measuring does."""

from __future__ import annotations

from typing import Any

from blurbench.measurements.accuracy import Accuracy
from blurbench.measurements.blur_estimation import BlurEstimation
from blurbench.measurements.measurement import Measurement

__all__ = ["MEASUREMENTS", "Measurement"]

MEASUREMENTS: dict[str, Measurement[Any]] = {
    measurement.name: measurement for measurement in (Accuracy(), BlurEstimation())
}
