"""95% intervals of what is no mean but made of means: shares of a loss, corruption errors, calibration errors.

Each is linearised at its estimate (the delta method): what an image adds to it is a number an image and seed, whose
mean has the variance of the whole. Numerator and denominator of a share are of the same images and seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from blurbench.metrics.components import of_means, weighted_sum
from blurbench.metrics.intervals import Interval, half_width, mean_interval

__all__ = ["Ratio", "calibration_interval", "mean_ratio_interval"]

Ratio: TypeAlias = tuple[NDArray[np.floating], NDArray[np.floating]]
"""What is divided, and what by, image by image: (seeds, images) each, the same images and seeds."""


def mean_ratio_interval(
    datasets: Sequence[Sequence[Ratio]], limits: tuple[float, float] = (-math.inf, math.inf)
) -> Interval | None:
    """Interval of the mean of ratios of means: those of one data set share its images and seeds, data sets share none.
    Its ends stay within `limits`, where a ratio has some.

    None where a denominator is 0, or there is nothing.
    """
    count = sum(map(len, datasets))
    ratios = [_ratio(*one) for group in datasets for one in group]
    known = [ratio for ratio in ratios if ratio is not None]
    if not known or len(known) < len(ratios):
        return None
    left = iter(known)
    added = [np.sum([_added(*one, next(left)) for one in group], axis=0) / count for group in datasets if group]
    half, estimate = half_width(weighted_sum([of_means(values) for values in added], [1.0] * len(added))), fmean(known)
    low, high = max(limits[0], estimate - half), min(limits[1], estimate + half)
    return Interval(estimate, min(estimate, low), max(estimate, high))


def _ratio(above: NDArray[np.floating], below: NDArray[np.floating]) -> float | None:
    return float(above.mean() / below.mean()) if below.mean() else None


def _added(above: NDArray[np.floating], below: NDArray[np.floating], ratio: float) -> NDArray[np.float64]:
    """What each image and seed adds to a ratio, less its mean."""
    added: NDArray[np.float64] = (above - ratio * below) / below.mean()
    return added


def calibration_interval(confidence: NDArray[np.floating], correct: NDArray[np.bool_], bins: int = 15) -> Interval:
    """Interval of the expected calibration error, the mean over seeds, of arrays (seeds, images).

    A bin of the confidence adds the gap between its hits and its confidence with the sign that makes it positive; which
    sign that is counts as known, so the ends say nothing of the bias of an error that is hardly above 0.
    """
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = correct - confidence
    signs = [np.sign(np.bincount(one, weights=own, minlength=bins)) for one, own in zip(place, gap, strict=True)]
    found = mean_interval(np.stack([sign[one] for sign, one in zip(signs, place, strict=True)]) * gap)
    return Interval(found.estimate, max(0.0, found.low), min(1.0, found.high), found.seed_share)
