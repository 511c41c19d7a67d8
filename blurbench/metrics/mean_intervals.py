"""95% interval of a mean without bounds, such as an error, over a handful of pictures and, where there are several,
seeds.

As in `intervals`, half its width h is h^2 = t^2 pictures + t'^2 seeds, with Student's t for one less than the pictures,
and than the seeds. A single picture tells nothing about others: its interval has no ends.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from blurbench.metrics.components import of_means, student_quantile
from blurbench.metrics.intervals import Interval

__all__ = ["picture_mean_interval"]

_TAIL = 0.025


def picture_mean_interval(values: NDArray[np.float64]) -> Interval:
    """Interval of the mean of `values` (S, N), for S seeds and N pictures."""
    seeds, pictures = values.shape
    parts, mean = of_means(values), float(values.mean())
    if not values.any():  # a thing compared with itself
        return Interval(mean, mean, mean)
    if pictures == 1:
        return Interval(mean, -math.inf, math.inf)
    among_pictures = float(parts.images)
    if seeds == 1:  # there the sum of squares is divided by N
        among_pictures *= pictures / (pictures - 1)
    squared = _quantile(pictures - 1) ** 2 * among_pictures
    if seeds > 1:
        squared += _quantile(seeds - 1) ** 2 * float(parts.seeds)
    half = math.sqrt(squared)
    return Interval(mean, mean - half, mean + half)


def _quantile(freedom: int) -> float:
    return float(student_quantile(_TAIL, np.array(float(freedom))))
