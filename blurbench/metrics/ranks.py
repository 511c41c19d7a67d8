"""The ranks that rows may truly have: 95% for all rows at once, from the paired differences of all pairs.

A row's best rank is one more than the number of rows that are told to be better, its worst rank the number of rows
less those that are told to be worse (Mogstad, Romano, Shaikh, Wilhelm 2024). What is told of all pairs must hold at
once: "a is better than b" is told for all ordered pairs by Holm's step-down rule at 0.05, each by the limit below which
the one-sided interval of the difference, in the manner of `intervals`, does not reach.

A pair's own seeds, S - 1 degrees of freedom, say next to nothing at such levels. So the seeds' variance of a pair
counts as its own or the mean over all pairs, whichever is more, with S - 1 degrees of freedom for each row but one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from blurbench.metrics.components import Components, Numbers, components, normal_quantile, student_quantile

__all__ = ["Ranks", "Scores", "rank_sets"]

_MISCOVERAGE = 0.05


class Ranks(NamedTuple):
    """The best and the worst rank that a row may truly have; 1 is the best of all."""

    low: int
    high: int


@dataclass(frozen=True, eq=False)
class Scores:
    """Rows measured on the images of one data set: for each row, by seed, a score an image, (N,)."""

    rows: Sequence[Mapping[int, NDArray[np.generic]]]
    """Hits as booleans, or means of hits."""
    weight: float = 1.0
    """Of this data set in the mean over data sets."""


def rank_sets(datasets: Sequence[Scores]) -> list[Ranks]:
    """The ranks of rows by their weighted mean score over data sets, which share no images; the greatest is best.

    Pairs are compared over the seeds that both rows have; rows without a common seed are never told apart. Takes
    memory for a few (rows, rows) arrays for each data set.
    """
    rows = len(datasets[0].rows)
    if rows < 2:
        return [Ranks(1, 1)] * rows
    pairs = [_all_pairs(scores) for scores in datasets]
    better = _told_apart(pairs)
    lower, upper = better.sum(axis=0), better.sum(axis=1)
    return [Ranks(1 + int(ahead), rows - int(behind)) for ahead, behind in zip(lower, upper, strict=True)]


def _told_apart(pairs: Sequence[Components]) -> NDArray[np.bool_]:
    """Whether row a is told to be better than row b: (a, b)."""
    centre = np.sum([one.mean for one in pairs], axis=0)
    images = np.sum([one.images for one in pairs], axis=0)
    seeds, freedom = _pooled(pairs)
    better = np.zeros(centre.shape, dtype=bool)
    while True:  # each round rejects what the last one left with fewer to be wrong about
        tail = _MISCOVERAGE / (centre.size - len(centre) - better.sum())
        z, t = normal_quantile(tail), student_quantile(tail, np.array(freedom))
        found: NDArray[np.bool_] = centre > np.sqrt(z**2 * images + t**2 * seeds)
        if (found == better).all():
            return found
        better = found


def _pooled(pairs: Sequence[Components]) -> tuple[Numbers, float]:
    """The seeds' variances of all pairs, none below the mean over pairs, and their degrees of freedom."""
    seeds, totals, spreads = np.zeros_like(pairs[0].mean), 0.0, 0.0
    for one in pairs:
        several = np.isfinite(one.freedom) & ~np.eye(len(one.mean), dtype=bool)
        if not several.any():
            continue
        count = np.where(several, one.freedom + 1, 1)  # seeds; one of them tells nothing by itself
        a_seed = np.where(several, one.seeds * count, 0)
        mean = float(a_seed[several].mean())
        seeds = seeds + np.maximum(one.seeds, mean / count)
        totals += mean
        if mean:
            spreads += mean**2 / (max(1.0, _rows_that_count(a_seed) - 1) * float(one.freedom[several].mean()))
    return seeds, totals**2 / spreads if spreads else math.inf


def _rows_that_count(variances: Numbers) -> float:
    """How many rows the mean over pairs rests on: fewer than there are where some matter far more than others."""
    by_row = variances.sum(axis=1)
    return float(by_row.sum() ** 2 / np.square(by_row).sum())


def _all_pairs(scores: Scores) -> Components:
    """Row a less row b, weighted, for all pairs: arrays (rows, rows)."""
    patterns = list(dict.fromkeys(frozenset(row) for row in scores.rows))
    members = [np.array([number for number, row in enumerate(scores.rows) if set(row) == own]) for own in patterns]
    size = len(scores.rows)
    found = Components(*(np.zeros((size, size)) for _ in range(4)))
    found.images[:], found.freedom[:] = math.inf, math.inf
    for (own, here), (other, there) in product(zip(patterns, members, strict=True), repeat=2):
        if common := sorted(own & other):
            part = _some_pairs(_stack(scores, here, common), _stack(scores, there, common), scores.weight)
            for name in ("mean", "images", "seeds", "freedom"):
                getattr(found, name)[np.ix_(here, there)] = getattr(part, name)
    return found


def _stack(scores: Scores, rows: NDArray[np.intp], seeds: Sequence[int]) -> NDArray[np.floating]:
    """(rows, seeds, images). Sums over fewer than 2^24 hits are exact in float32, at twice the speed."""
    stack = np.array([[scores.rows[row][seed] for seed in seeds] for row in rows])
    exact = stack.dtype == np.bool_ and stack.shape[1] * stack.shape[1] * stack.shape[2] < 2**24
    return stack.astype(np.float32 if exact else np.float64)


def _some_pairs(one: NDArray[np.floating], other: NDArray[np.floating], weight: float) -> Components:
    """Every row of `one` less every row of `other`, each (rows, seeds, images)."""
    seeds, images = one.shape[1:]
    means = [stack.mean(axis=2, dtype=np.float64).T for stack in (one, other)]
    part = components(
        _distances(one.reshape(len(one), -1), other.reshape(len(other), -1)),
        _distances(one.sum(axis=1), other.sum(axis=1)) / seeds**2,
        means[0][:, :, None] - means[1][:, None, :],
        images,
        extra=1.0,
    )
    return Components(weight * part.mean, weight**2 * part.images, weight**2 * part.seeds, part.freedom)


def _distances(one: NDArray[np.floating], other: NDArray[np.floating]) -> Numbers:
    """The sum of squared differences of every row of `one` and every row of `other`, (rows, numbers) each."""
    squares = [np.einsum("ij,ij->i", stack, stack).astype(np.float64) for stack in (one, other)]
    crossed = (one @ other.T).astype(np.float64)
    found: Numbers = np.maximum(squares[0][:, None] + squares[1][None, :] - 2 * crossed, 0)
    return found
