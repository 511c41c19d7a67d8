"""95% intervals of a top-1 and of a paired difference, over test images and, where there are several, seeds.

With y[s, i] measured for S seeds on the same N images (two crossed random effects without replication), the mean
squares of images (A), seeds (B) and their interaction (E) give the variance of the grand mean

    var = (A + B - E) / (S N)

and Satterthwaite's degrees of freedom

    df = (A + B - E)^2 / (A^2 / (N - 1) + B^2 / (S - 1) + E^2 / ((S - 1)(N - 1))).

A component that comes out negative counts as 0: A is not below E, and where B is not above E, the seeds add nothing,
var = A / (S N) and df = N - 1. In simulations three seeds or more cover 92% to 98.5%; two seeds can fall to 87% where
seeds matter much. One seed tells nothing about seeds: then var = A / N, the quantile is the normal one, and the
interval speaks of the choice of test images only. No bootstrap, no random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "difference_interval", "mean_difference_interval", "top1_interval"]

_NORMAL_QUANTILE = 1.959963984540054


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95% interval."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the estimate can be told from 0."""
        return self.low > 0 or self.high < 0

    def __neg__(self) -> Interval:
        return Interval(-self.estimate, -self.high, -self.low)


@dataclass(frozen=True)
class _Mean:
    value: float
    variance: float
    freedom: float


def top1_interval(correct: NDArray[np.bool_]) -> Interval:
    """Interval of the mean of `correct` (S, N): Wilson's, with the variance above turned into a number of images.

    For one seed it is Wilson's score interval for N images. For several it is the same formula with
    n = p (1 - p) / var and Student's quantile, after Korn & Graubard 1998.
    """
    mean = _mean(correct.astype(np.float64))
    p, spread = mean.value, mean.value * (1 - mean.value)
    if correct.shape[0] == 1 or spread == 0:
        images, quantile = float(correct.shape[1]), _NORMAL_QUANTILE
    else:
        images, quantile = spread / mean.variance, _quantile(mean.freedom)
    grown = quantile**2 / images
    centre = (p + grown / 2) / (1 + grown)
    half = math.sqrt(grown * spread + grown**2 / 4) / (1 + grown)
    return Interval(p, max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half)))


def difference_interval(difference: NDArray[np.floating]) -> Interval:
    """Interval of the mean of `difference` (S, N), each in [-1, 1]: one row's hits less another's, image by image.

    As Bonett & Price 2012 do for one seed, two images are added, one won and one lost (by every seed): a handful of
    discordant images then never passes for certainty. 5 : 0 is told from chance by neither this nor McNemar's exact
    test, 6 : 0 by both.
    """
    return mean_difference_interval([difference], [1.0])


def mean_difference_interval(differences: Sequence[NDArray[np.floating]], weights: Sequence[float]) -> Interval:
    """Interval of the weighted mean of several mean differences that share no image; weights sum to 1.

    The variances add up, and the degrees of freedom by Satterthwaite's rule. The data sets are the ones that they
    are: the interval speaks of their images and seeds, not of other data sets.
    """
    means = [_mean(_with_one_won_and_one_lost(difference)) for difference in differences]
    variances = [weight**2 * mean.variance for weight, mean in zip(weights, means, strict=True)]
    estimate = _weighted(weights, [float(difference.mean()) for difference in differences])
    centre = _weighted(weights, [mean.value for mean in means])
    half = math.sqrt(sum(variances)) * _quantile(_joint_freedom(variances, [mean.freedom for mean in means]))
    return Interval(estimate, max(-1.0, min(estimate, centre - half)), min(1.0, max(estimate, centre + half)))


def _weighted(weights: Sequence[float], values: Sequence[float]) -> float:
    return math.fsum(weight * value for weight, value in zip(weights, values, strict=True))


def _with_one_won_and_one_lost(difference: NDArray[np.floating]) -> NDArray[np.float64]:
    seeds = difference.shape[0]
    return np.hstack([difference, np.ones((seeds, 1)), -np.ones((seeds, 1))])


def _mean(values: NDArray[np.float64]) -> _Mean:
    """The grand mean of `values` (S, N) with its variance and degrees of freedom."""
    seeds, images = values.shape
    mean = float(values.mean())
    by_image, by_seed = values.mean(axis=0), values.mean(axis=1)
    # Bonett & Price (and Wilson) divide by N where there is one seed: the estimate of a multinomial variance.
    if seeds == 1:
        return _Mean(mean, float(np.square(by_image - mean).sum()) / images**2, math.inf)
    residual = values - by_image - by_seed[:, None] + mean
    image_freedom, seed_freedom = max(images - 1, 1), seeds - 1
    error = float(np.square(residual).sum()) / (image_freedom * seed_freedom)
    image = max(error, seeds * float(np.square(by_image - mean).sum()) / image_freedom)
    seed = images * float(np.square(by_seed - mean).sum()) / seed_freedom
    if seed <= error:
        return _Mean(mean, image / (seeds * images), image_freedom)
    total = image + seed - error
    spread = image**2 / image_freedom + seed**2 / seed_freedom + error**2 / (image_freedom * seed_freedom)
    return _Mean(mean, total / (seeds * images), total**2 / spread)


def _joint_freedom(variances: Sequence[float], freedoms: Sequence[float]) -> float:
    spread = sum(variance**2 / freedom for variance, freedom in zip(variances, freedoms, strict=True))
    return sum(variances) ** 2 / spread if spread else math.inf


def _quantile(freedom: float) -> float:
    """The 0.975 quantile of Student's t."""
    if math.isinf(freedom):
        return _NORMAL_QUANTILE
    from scipy.special import stdtrit  # type: ignore[import-untyped]  # 0.1 s, only where there are several seeds

    return float(stdtrit(freedom, 0.975))
