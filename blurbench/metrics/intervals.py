"""95% intervals of a top-1 and of a paired difference, over test images and, where there are several, seeds.

The variance of a mean is images + seeds (see `components`). Half the width h of its interval is

    h^2 = z^2 images + t^2 seeds

with the 0.975 quantiles z of the normal distribution and t of Student's for S - 1 seeds. Such an interval holds the
truth at least as often as it says, whatever the two parts are: Banerjee 1960. Satterthwaite's degrees of freedom give
shorter ones that fall to 92% with three seeds and 87% with two where seeds matter. With one seed the interval speaks
of the choice of test images only. No bootstrap, no random numbers. `leaderboard/statistics.md` shows the coverage.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blurbench.metrics.components import Components, normal_quantile, of_means, student_quantile, weighted_sum

__all__ = [
    "Interval",
    "difference_interval",
    "half_width",
    "mean_difference_interval",
    "mean_interval",
    "top1_interval",
    "unpaired_difference_interval",
]

_TAIL = 0.025


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95% interval."""

    estimate: float
    low: float
    high: float
    seed_share: float | None = None
    """The share of the estimate's variance that more seeds would take away; None for one seed, which cannot tell."""

    @property
    def excludes_zero(self) -> bool:
        """Whether the estimate can be told from 0."""
        return self.low > 0 or self.high < 0

    def __neg__(self) -> Interval:
        return Interval(-self.estimate, -self.high, -self.low, self.seed_share)


def top1_interval(correct: NDArray[np.bool_]) -> Interval:
    """Interval of the mean of `correct` (S, N): Wilson's, with h^2 above in the place of z^2 p (1 - p) / N.

    For one seed it is Wilson's score interval for N images. Korn & Graubard 1998 widen it in this way.
    """
    parts = of_means(correct)
    p = float(parts.mean)
    spread = p * (1 - p)
    grown = half_width(parts) ** 2 / spread if spread else normal_quantile(_TAIL) ** 2 / correct.shape[1]
    centre = (p + grown / 2) / (1 + grown)
    half = math.sqrt(grown * spread + grown**2 / 4) / (1 + grown)
    return Interval(p, max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half)), _seed_share(parts))


def mean_interval(values: NDArray[np.floating]) -> Interval:
    """Interval of the mean of `values` (S, N), which have no bounds: errors, decibels, similarities, differences."""
    parts = of_means(values)
    mean, half = float(parts.mean), half_width(parts)
    return Interval(mean, mean - half, mean + half, _seed_share(parts))


def difference_interval(difference: NDArray[np.floating]) -> Interval:
    """Interval of the mean of `difference` (S, N), each in [-1, 1]: one row's hits less another's, image by image.

    As Bonett & Price 2012 do for one seed, two images are added, one won and one lost (by every seed): a handful of
    discordant images then never passes for certainty. 5 : 0 is told from chance by neither this nor McNemar's exact
    test, 6 : 0 by both.
    """
    return mean_difference_interval([difference], [1.0])


def mean_difference_interval(differences: Sequence[NDArray[np.floating]], weights: Sequence[float]) -> Interval:
    """Interval of the weighted mean of several mean differences that share no image; weights sum to 1.

    The data sets are the ones that they are: the interval speaks of their images and seeds, not of other data sets.
    """
    parts = weighted_sum([of_means(difference, extra=1.0) for difference in differences], weights)
    estimate = math.fsum(
        weight * float(difference.mean()) for weight, difference in zip(weights, differences, strict=True)
    )
    centre, half = float(parts.mean), half_width(parts)
    low, high = max(-1.0, min(estimate, centre - half)), min(1.0, max(estimate, centre + half))
    return Interval(estimate, low, high, _seed_share(parts))


def unpaired_difference_interval(first: Interval, second: Interval) -> Interval:
    """Interval of one top-1 less another of other images, from the interval of each: the squares of the ends' distances
    are added (Newcombe 1998, method 10). Seeds count as if they were others, too."""
    estimate = first.estimate - second.estimate
    down = math.hypot(first.estimate - first.low, second.high - second.estimate)
    up = math.hypot(first.high - first.estimate, second.estimate - second.low)
    return Interval(estimate, estimate - down, estimate + up)


def half_width(parts: Components) -> float:
    """Half of the 95% interval of a mean with these parts of its variance."""
    z, t = normal_quantile(_TAIL), float(student_quantile(_TAIL, parts.freedom))
    return math.sqrt(z**2 * float(parts.images) + t**2 * float(parts.seeds))


def _seed_share(parts: Components) -> float | None:
    return None if math.isinf(parts.freedom) and not parts.seeds else float(parts.seed_share)
