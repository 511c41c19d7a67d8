"""What the variance of a mean over test images and seeds is made of.

y[s, i], measured for S seeds on the same N images, is taken for mean + image + seed + rest: two crossed random effects
without replication. With the mean squares of images (A), seeds (B) and the rest (E), the variance of the grand mean is

    images + seeds,    images = (A - E) / (S N),    seeds = B / (S N).

`images` is what other test images would change; its degrees of freedom, about N, count as endless. `seeds` is what
fitting again would change, in all images alike or in single ones; it has exactly S - 1 degrees of freedom. One seed
tells nothing about seeds: `seeds` is then 0, and the variance, that of N independent images, speaks of images only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Components", "Numbers", "components", "normal_quantile", "of_means", "student_quantile", "weighted_sum"]

Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Components:
    """Grand means and the two parts of their variances: arrays of one shape, also without any axis."""

    mean: Numbers
    images: Numbers
    seeds: Numbers
    freedom: Numbers
    """Degrees of freedom of `seeds`; infinite for one seed."""

    @property
    def seed_share(self) -> Numbers:
        """The part of the variance that more seeds would take away; 0 where there is no variance."""
        total = self.images + self.seeds
        return np.divide(self.seeds, total, out=np.zeros_like(total), where=total > 0)


def of_means(values: NDArray[np.floating] | NDArray[np.bool_], extra: float = 0.0) -> Components:
    """The components of the grand mean of `values` (S, N).

    `extra` adds two images, one at +extra and one at -extra for every seed (Bonett & Price's, for differences).
    """
    by_image = values.mean(axis=0, dtype=np.float64)
    return components(
        np.array(np.square(values, dtype=np.float64).sum()),
        np.array(np.square(by_image).sum()),
        values.mean(axis=1, dtype=np.float64),
        values.shape[1],
        extra,
    )


def components(squares: Numbers, image_squares: Numbers, seed_means: Numbers, n: int, extra: float = 0.0) -> Components:
    """The same from sums, for many means at once: `squares` is the sum of y^2 over seeds and images, `image_squares`
    that of an image's mean over seeds, squared, over images, both of any shape; `seed_means` (S, ...)."""
    s, images = len(seed_means), n + 2 if extra else n
    squares, image_squares = squares + 2 * s * extra**2, image_squares + 2 * extra**2
    seed_means = seed_means * (n / images)
    mean = seed_means.mean(axis=0)
    # Bonett & Price (and Wilson) divide by N where there is one seed: the estimate of a multinomial variance.
    if s == 1:
        spread = np.maximum(image_squares / images - mean**2, 0) / images
        return Components(mean, spread, np.zeros_like(spread), np.full_like(spread, math.inf))
    among_images = s * np.maximum(image_squares - images * mean**2, 0)
    among_seeds = images * np.square(seed_means - mean).sum(axis=0)
    rest = np.maximum(squares - s * images * mean**2 - among_images - among_seeds, 0)
    image_freedom = max(images - 1, 1)
    a, b, e = among_images / image_freedom, among_seeds / (s - 1), rest / (image_freedom * (s - 1))
    return Components(
        mean, np.maximum(a - e, 0) / (s * images), b / (s * images), np.full_like(mean, float(s - 1), dtype=np.float64)
    )


def weighted_sum(parts: Sequence[Components], weights: Sequence[float]) -> Components:
    """The components of a weighted sum of means that share neither image nor seed.

    The degrees of freedom of its seeds are Welch's and Satterthwaite's.
    """
    seeds = [weight**2 * part.seeds for weight, part in zip(weights, parts, strict=True)]
    total = np.sum(seeds, axis=0)
    spread = np.sum([one**2 / part.freedom for one, part in zip(seeds, parts, strict=True)], axis=0)
    return Components(
        np.sum([weight * part.mean for weight, part in zip(weights, parts, strict=True)], axis=0),
        np.sum([weight**2 * part.images for weight, part in zip(weights, parts, strict=True)], axis=0),
        total,
        np.divide(total**2, spread, out=np.full_like(total, math.inf), where=spread > 0),
    )


def normal_quantile(tail: float) -> float:
    """What a standard normal number exceeds with the chance `tail`."""
    from statistics import NormalDist

    return -NormalDist().inv_cdf(tail)


def student_quantile(tail: float, freedom: Numbers) -> Numbers:
    """What Student's t with `freedom` degrees of freedom exceeds with the chance `tail`."""
    if np.isinf(freedom).all():
        return np.full_like(freedom, normal_quantile(tail))
    from scipy.special import stdtrit  # type: ignore[import-untyped]  # 0.1 s, only where there are several seeds

    found = -np.asarray(stdtrit(np.where(np.isinf(freedom), 1.0, freedom), tail))
    return np.where(np.isinf(freedom), normal_quantile(tail), found)
