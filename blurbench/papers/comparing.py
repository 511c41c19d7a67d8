"""A mean with its 95% interval, of values without bounds: errors, decibels, similarities and their differences."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from blurbench.metrics.components import normal_quantile, of_means, student_quantile
from blurbench.metrics.intervals import Interval

__all__ = ["mean_interval"]

TAIL = 0.025


def mean_interval(values: NDArray[np.float64]) -> Interval:
    """Interval of the mean of `values` (S, N) over N test images and, where S > 1, S seeds: see `components`."""
    parts = of_means(values)
    seeds, images = float(parts.seeds), float(parts.images)
    t = float(student_quantile(TAIL, parts.freedom)) if seeds else 0.0
    half = math.sqrt(normal_quantile(TAIL) ** 2 * images + t**2 * seeds)
    mean = float(parts.mean)
    return Interval(mean, mean - half, mean + half)
