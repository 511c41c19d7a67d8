"""Rows compared image by image and seed by seed, and the means that a board takes over seeds, blocks and data sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from blurbench.board.schema import BlockKey
from blurbench.metrics.intervals import Interval, mean_difference_interval

__all__ = [
    "Hits",
    "Measured",
    "Pair",
    "common_seeds",
    "difference",
    "largest",
    "mean_difference",
    "mean_of_all",
    "mean_of_known",
    "paired_interval",
    "seeds_of",
    "top1_by_seed",
]


class Measured(Protocol):
    """A row of a block, wherever it comes from."""

    @property
    def seeds(self) -> Collection[int]:
        """Those that it was measured with."""

    def correct(self, seeds: Iterable[int]) -> NDArray[np.bool_]:
        """Which test images were right: (seeds, images)."""


@dataclass(frozen=True, eq=False)
class Hits:
    """A row by its hits alone: which test images were right, (images,), by seed."""

    by_seed: Mapping[int, NDArray[np.bool_]]

    @property
    def seeds(self) -> Collection[int]:
        return self.by_seed.keys()

    def correct(self, seeds: Iterable[int]) -> NDArray[np.bool_]:
        return np.stack([self.by_seed[seed] for seed in seeds])


class Pair(NamedTuple):
    """Two rows of one block: what is compared, and what it is compared with."""

    block: BlockKey
    row: Measured
    reference: Measured


def common_seeds(*rows: Measured) -> list[int]:
    """The seeds that all rows were measured with."""
    return sorted(set.intersection(*(set(row.seeds) for row in rows)))


def seeds_of(pairs: Sequence[Pair]) -> list[int]:
    """The seeds that both rows of every pair were measured with; none where there is no pair."""
    return common_seeds(*(row for pair in pairs for row in (pair.row, pair.reference))) if pairs else []


def top1_by_seed(rows: Sequence[Measured]) -> list[float]:
    """The mean over rows of several blocks, for each seed that all were measured with."""
    seeds = common_seeds(*rows) if rows else []
    return [fmean(float(row.correct([seed]).mean()) for row in rows) for seed in seeds]


def difference(row: Measured, reference: Measured, seeds: Iterable[int]) -> NDArray[np.float64]:
    """Image by image 1 where only `row` is right, -1 where only `reference` is, else 0: (seeds, images)."""
    seeds = list(seeds)
    return row.correct(seeds).astype(np.float64) - reference.correct(seeds)


def mean_difference(
    pairs: Sequence[Pair], seeds: Sequence[int] | None = None, sizes: Iterable[int] = ()
) -> NDArray[np.float64]:
    """The mean over blocks of one data set, image by image, for `seeds` or all that every row has: (seeds, images),
    maybe no seed.

    Blocks share their test images, but for pictures that were photographed blurred: where these are another number,
    they stand beside the others, scaled so that the mean of all is that of the blocks. What the two kinds differ by
    then counts as differing among images, which makes intervals wider, never narrower. `sizes`: all numbers of test
    images that the data set has, so that rows of other blocks have as many.
    """
    if seeds is None:
        seeds = seeds_of(pairs)
    if not seeds:
        return np.empty((0, 0))
    by_size: dict[int, list[NDArray[np.float64]]] = {size: [] for size in sizes}
    for pair in pairs:
        found = difference(pair.row, pair.reference, seeds)
        by_size.setdefault(found.shape[1], []).append(found)
    if len(by_size) == 1:
        mean: NDArray[np.float64] = np.mean([one for some in by_size.values() for one in some], axis=0)
        return mean
    shares = {size: sum(by_size) / size / len(pairs) for size in by_size}
    parts = [shares[size] * sum(some, np.zeros((len(seeds), size))) for size, some in sorted(by_size.items())]
    return np.concatenate(parts, axis=1)


def paired_interval(pairs: Sequence[Pair], seeds: Sequence[int] | None = None) -> Interval | None:
    """The mean paired difference over blocks, every block with the same weight; None where no seed is common.

    Blocks of one data set share their test images, so that they are not independent: an image's differences are
    averaged over them first, and the data sets, which share nothing, are put together by their parts of the variance.
    """
    by_dataset: dict[str, list[Pair]] = {}
    for pair in pairs:
        by_dataset.setdefault(pair.block.dataset, []).append(pair)
    means = [mean_difference(group, seeds) for group in by_dataset.values()]
    if not means or not all(mean.size for mean in means):
        return None
    return mean_difference_interval(means, [len(group) / len(pairs) for group in by_dataset.values()])


def mean_of_all(values: Iterable[float | None]) -> float | None:
    """None where one is not known."""
    numbers = list(values)
    known = [number for number in numbers if number is not None]
    return fmean(known) if known and len(known) == len(numbers) else None


def mean_of_known(values: Iterable[float | None]) -> float | None:
    """None where none is known."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def largest(values: Iterable[int | None]) -> int | None:
    """None where one is not known."""
    numbers = list(values)
    return None if None in numbers else max(number for number in numbers if number is not None)
