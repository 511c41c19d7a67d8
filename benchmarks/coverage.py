"""How often blurbench's intervals and rank sets hold the truth: a simulation with image and seed effects.

    python benchmarks/coverage.py > leaderboard/statistics.md

Claim: intervals that promise 95% hold the truth in 95% of the draws or more (less chance: 500 draws), with one seed
(images only), 3 or 5, however much the seeds matter; a bootstrap over images alone falls to 25%. Rank sets hold at once
in 95% or more; in 90% where one row of twelve is ten times as unsteady as the rest and there are but three seeds. Where
a row collapses in some seeds and is left out, they do in 98%, and so they do where seeds are added until rows separate.
Deterministic; 70 s on one core of an AMD EPYC (numpy 2.4, Python 3.11).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri  # type: ignore[import-untyped]

from blurbench.board.render.tables import grid
from blurbench.board.separation import FEWEST, next_seeds
from blurbench.metrics.intervals import Interval, difference_interval, top1_interval
from blurbench.metrics.ranks import Ranks, Scores, rank_sets
from blurbench.metrics.steadiness import unsteady

IMAGES, SEEDS, SEED_SPREADS = (500, 2000, 10_000), (1, 3, 5), (0.0, 0.005, 0.01, 0.02)
DRAWS, RANK_DRAWS, RESAMPLES = 500, 200, 400
COLLAPSING, DEPTH = 5, 0.4
"""The row that collapses, and how far it falls."""
IMAGE_SPREAD, CHANCE_SPREAD, SHARED = 1.0, 0.6, 0.5
"""Of an image's ease and of what fitting again changes image by image, on the probit scale; and the part of two rows'
seed variance that they share, since they build on the same fitted networks."""


@dataclass(frozen=True)
class World:
    """Rows of known accuracy: row r with seed s is right where ease of the image + its own luck pass a threshold."""

    accuracy: Sequence[float]
    spread: Sequence[float]
    """Standard deviation of a row's true accuracy over seeds."""
    images: int
    seeds: int
    collapse: float = 0.0
    """The chance that a seed of row 5 loses `DEPTH`."""

    @property
    def truth(self) -> NDArray[np.float64]:
        """Of every row, the mean over endlessly many seeds."""
        lost = DEPTH * self.collapse * (np.arange(len(self.accuracy)) == COLLAPSING)
        return np.array(self.accuracy) - lost

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Hits (rows, seeds, images), and the true accuracy of every fitted network (rows, seeds)."""
        rows = len(self.accuracy)
        luck = np.sqrt(SHARED) * rng.standard_normal(self.seeds)
        luck = luck + np.sqrt(1 - SHARED) * rng.standard_normal((rows, self.seeds))
        truth = np.reshape(self.accuracy, (-1, 1)) + np.reshape(self.spread, (-1, 1)) * luck
        if self.collapse:
            truth[COLLAPSING] -= DEPTH * (rng.random(self.seeds) < self.collapse)
        truth = np.clip(truth, 0.001, 0.999)
        threshold = -ndtri(truth) * np.hypot(IMAGE_SPREAD, CHANCE_SPREAD)
        ease = IMAGE_SPREAD * rng.standard_normal(self.images, dtype=np.float32)
        chance = CHANCE_SPREAD * rng.standard_normal((rows, self.seeds, self.images), dtype=np.float32)
        return ease + chance > threshold[:, :, None].astype(np.float32), truth


def bootstrap(rng: np.random.Generator, values: NDArray[np.float64]) -> Interval:
    """The percentile bootstrap over images of the mean of `values` (S, N), as it is often done."""
    seeds, images = values.shape
    counts = np.bincount(values.sum(axis=0).astype(np.int64) + seeds, minlength=2 * seeds + 1)
    levels = np.arange(-seeds, seeds + 1) / seeds
    means = rng.multinomial(images, counts / images, size=RESAMPLES) @ levels / images
    return Interval(float(values.mean()), *np.quantile(means, (0.025, 0.975)))


def holds(interval: Interval, truth: float) -> bool:
    """Whether the interval holds the truth."""
    return bool(interval.low <= truth <= interval.high)


# --- intervals -----------------------------------------------------------------------------------------------------


def interval_rows(difference: bool) -> Iterator[list[str]]:
    """A row for each world: coverage and mean width of both intervals."""
    for images, seeds, spread in product(IMAGES, SEEDS, SEED_SPREADS):
        world = World([0.90, 0.87], [spread, spread], images, seeds)
        rng = np.random.default_rng([images, seeds, round(spread * 1000), difference])
        ours: Callable[..., Interval] = difference_interval if difference else top1_interval
        found = np.array([_one_draw(world, rng, ours, difference) for _ in range(DRAWS)]).mean(axis=0)
        here, everywhere, width, naive, naive_width = 100 * found
        of_these = f"{here:.1f}" if seeds == 1 else ""
        yield [
            *(str(images), str(seeds), f"{100 * spread:g}", of_these),
            *(f"{everywhere:.1f}", f"{width:.1f}", f"{naive:.1f}", f"{naive_width:.1f}"),
        ]


def _one_draw(
    world: World, rng: np.random.Generator, ours: Callable[..., Interval], difference: bool
) -> tuple[float, ...]:
    hits, networks = world.draw(rng)
    if difference:
        values = hits[0].astype(np.float64) - hits[1]
        truth, here = world.accuracy[0] - world.accuracy[1], float((networks[0] - networks[1]).mean())
    else:
        values, truth, here = hits[0], world.accuracy[0], float(networks[0].mean())
    interval, naive = ours(values), bootstrap(rng, values.astype(np.float64))
    return (
        *(holds(interval, here), holds(interval, truth), interval.high - interval.low),
        *(holds(naive, truth), naive.high - naive.low),
    )


# --- ranks ---------------------------------------------------------------------------------------------------------

WORLDS: dict[str, list[float]] = {
    "0 for all": [0.0] * 12,
    "0.5 for all": [0.005] * 12,
    "2 for all": [0.02] * 12,
    "0.2 for half, 2 for half": [0.002, 0.02] * 6,
    "0.3, and 3 for one": [0.003] * 5 + [0.03] + [0.003] * 6,
}
"""Standard deviations over seeds, in points, of twelve rows."""
ACCURACIES = [0.92, 0.92, 0.91, 0.91, 0.91, 0.90, 0.90, 0.90, 0.88, 0.88, 0.85, 0.80]


def rank_rows() -> Iterator[list[str]]:
    """A row for each world: how often all rank sets hold at once, how wide they are, and the same of the naive way."""
    for seeds, (name, spread) in product(SEEDS, WORLDS.items()):
        cells = []
        for accuracies in (ACCURACIES, [0.9] * 12):
            world = World(accuracies, spread, 2000, seeds)
            rng = np.random.default_rng([seeds, list(WORLDS).index(name), len(set(accuracies))])
            held, width, naive = np.array([_one_board(world, rng) for _ in range(RANK_DRAWS)]).mean(axis=0)
            cells += [f"{100 * held:.1f}", f"{width:.1f}", f"{100 * naive:.1f}"]
        yield [str(seeds), name, *cells]


def _one_board(world: World, rng: np.random.Generator) -> tuple[bool, float, bool]:
    hits, networks = world.draw(rng)
    # One seed: the ranks of these very networks are asked for, not those of their means over seeds.
    truth = networks[:, 0] if world.seeds == 1 else np.array(world.accuracy)
    sets = _sets(hits)
    return _all_hold(sets, truth), _width(sets), _naive_holds(hits, truth)


def _sets(hits: NDArray[np.bool_]) -> list[Ranks]:
    return rank_sets([Scores([dict(enumerate(row)) for row in hits])])


def _all_hold(sets: Sequence[Ranks], truth: NDArray[np.float64]) -> bool:
    best = 1 + (truth[:, None] < truth[None, :]).sum(axis=1)
    worst = len(truth) - (truth[:, None] > truth[None, :]).sum(axis=1)
    return all(one.low <= low and high <= one.high for one, low, high in zip(sets, best, worst, strict=True))


def _width(sets: Sequence[Ranks]) -> float:
    return float(np.mean([one.high - one.low + 1 for one in sets]))


def _naive_holds(hits: NDArray[np.bool_], truth: NDArray[np.float64]) -> bool:
    """Each pair by itself, images only: no claim is wrong."""
    by_image = hits.mean(axis=1)
    mean = by_image.mean(axis=1)[:, None] - by_image.mean(axis=1)[None, :]
    covariance = np.cov(by_image)
    variance = np.diag(covariance)[:, None] + np.diag(covariance)[None, :] - 2 * covariance
    error = np.sqrt(np.maximum(variance, 0) / hits.shape[2])
    return bool((truth[:, None] > truth[None, :])[mean > 1.96 * error].all())


# --- a row that sometimes collapses --------------------------------------------------------------------------------


def bimodal_rows() -> Iterator[list[str]]:
    """A row for each chance and number of seeds: what is told with the row among the others, and with it left out."""
    for collapse, seeds in product((0.0, 0.1, 0.3), (3, 5, 10)):
        world = World(ACCURACIES, [0.005] * 12, 2000, seeds, collapse)
        rng = np.random.default_rng([seeds, round(10 * collapse), 7])
        interval, together, wide, left_out, hold, width, seen = np.array(
            [_one_bimodal(world, rng) for _ in range(RANK_DRAWS)]
        ).T
        of_seen = f"{100 * hold[seen > 0].mean():.1f}" if seen.any() else ""
        yield [
            *(f"{100 * collapse:g}", str(seeds), f"{100 * interval.mean():.1f}", f"{100 * together.mean():.1f}"),
            *(f"{wide.mean():.1f}", f"{100 * left_out.mean():.1f}", f"{100 * hold.mean():.1f}", of_seen),
            f"{width.mean():.1f}",
        ]


def _one_bimodal(world: World, rng: np.random.Generator) -> tuple[float, ...]:
    hits, networks = world.draw(rng)
    truth, everybody = world.truth, _sets(hits)
    steady = np.array([not far for far in unsteady(hits.mean(axis=2).tolist())])
    sets, others = _sets(hits[steady]), [one for place, one in enumerate(everybody) if place != COLLAPSING]
    collapsed = bool((networks[COLLAPSING] < world.accuracy[COLLAPSING] - DEPTH / 2).any())
    return (
        holds(top1_interval(hits[COLLAPSING]), float(truth[COLLAPSING])),
        *(_all_hold(everybody, truth), _width(others), not steady[COLLAPSING]),
        *(_all_hold(sets, truth[steady]), _width(sets), collapsed or not world.collapse),
    )


# --- seeds until rows separate -------------------------------------------------------------------------------------

LADDERS = {
    "92, 90, 87, 83, 78": [0.92, 0.90, 0.87, 0.83, 0.78],
    "92, 91, 90, 89, 88": [0.92, 0.91, 0.90, 0.89, 0.88],
    "92, 92, 87, 83, 78": [0.92, 0.92, 0.87, 0.83, 0.78],
    "90 for all": [0.90] * 5,
}
"""True top-1 of five rows, in percent."""


def sequential_rows(most: int = 10) -> Iterator[list[str]]:
    """A row for each world: what holds where seeds are added until ranks separate, and where all were there at once."""
    for (name, accuracies), spread in product(LADDERS.items(), (0.005, 0.02)):
        world = World(accuracies, [spread] * 5, 1000, most)
        rng = np.random.default_rng([list(LADDERS).index(name), round(1000 * spread), most])
        found = np.array([_one_sequence(world, rng) for _ in range(2 * RANK_DRAWS)]).mean(axis=0)
        held, separated, seeds, at_once = found
        yield [
            *(name, f"{100 * spread:g}", f"{100 * held:.1f}", f"{100 * separated:.1f}", f"{seeds:.1f}"),
            f"{100 * at_once:.1f}",
        ]


def _one_sequence(world: World, rng: np.random.Generator) -> tuple[float, ...]:
    hits, _ = world.draw(rng)
    seeds, truth = FEWEST, world.truth
    while (width := _width(sets := _sets(hits[:, :seeds]))) > 1 and seeds < world.seeds:
        seeds = next_seeds(seeds, world.seeds)
    return _all_hold(sets, truth), width == 1, seeds, _all_hold(_sets(hits), truth)


# --- the page ------------------------------------------------------------------------------------------------------

PAGE = """# Do the intervals hold what they promise?

Made by `python benchmarks/coverage.py`: images of different ease, networks whose true top-1 differs from seed to seed
by a given standard deviation (in percentage points), and chance image by image; two rows share half of their seed
variance. The truth is known, so that one can count how often an interval holds it, in {draws} draws a line
(standard error about 1 point). All numbers are percent or percentage points.

- **of these networks**: with one seed an interval speaks of the images only: the truth is the top-1 of this very
  network on endlessly many images. A board of one seed says so.
- **of the mean over seeds**: the truth is the mean over endlessly many seeds. No interval from one seed can hold it
  where seeds matter.
- **bootstrap**: percentile bootstrap over images of the mean over seeds, {resamples} resamples.

The rule (`blurbench/metrics/intervals.py`): the variance of a mean is split into what other images and what other
seeds would change; the half-width is the root of z^2 images + t^2 seeds, with Student's t for S - 1 degrees of
freedom. It is cautious: where the two parts are alike it holds more often than 95%. The price of certainty is the
width: where seeds matter, three of them leave intervals about twice as wide as five do.

## Top-1 (true: 90)

{top1}

## A paired difference (true: 3)

{difference}

## Ranks of twelve rows, 2000 images

True top-1: {accuracies},
or 90 for all twelve. A draw counts where the rank sets of *all* twelve rows hold at once: no row is told to be
better than one that is as good or better. *Naive* is each pair by itself over images alone, without regard to how many
pairs there are. Width is the mean number of ranks in a set (12: nothing is told). {rank_draws} draws a line. The rule
(`blurbench/metrics/ranks.py`) lends every pair the mean seed variance of all pairs: it holds where rows are alike or
differ, and falls somewhat short where a single row is ten times as unsteady as the rest and there are few seeds.

{ranks}

## A row that sometimes collapses

The same twelve rows with a seed sd of 0.5 points, but each seed of the sixth row loses {depth:.0f} points with the
chance given. Its true top-1, the mean over seeds, counts that in; no interval from a few seeds holds such a mean (*its
interval*). With the row among the others, its seed variance widens what is told of all. A row is *unsteady* where its
seeds span more than 10 points and more than three times what those of the median other row do
(`blurbench/metrics/steadiness.py`): it is marked, and left out of the rank sets of the others. Where no seed happens to
collapse there is nothing to see it by, and it is ranked by what it showed: only therefore do rank sets hold less often
than 95% of the time (*where a seed collapsed*, they do). {rank_draws} draws a line.

{bimodal}

## Seeds until rows separate

`blurbench run --until-separated` measures three seeds, then half as many more at a time, until no two rows share a rank
or there are ten seeds (`--max-seeds`). Each look at the data may deceive, so what is told at the end might hold less
often than with ten seeds at once. Five rows, 1000 images, {sequences} draws a line. Rows that are equal never truly
separate, and sampling goes on to the limit; *separated* counts draws that ended with five distinct ranks.

{sequential}
"""


def main() -> None:
    """Print the page."""
    header = ["images", "seeds", "seed sd", "of these networks", "of the mean over seeds", "width"]
    header += ["bootstrap", "its width"]
    tables = [grid(header, list(interval_rows(difference))) for difference in (False, True)]
    columns = ["seeds", "seed sd of the rows", "all rank sets hold", "width", "naive"]
    ranks = grid([*columns, "all alike: hold", "width", "naive"], list(rank_rows()))
    accuracies = ", ".join(f"{100 * one:.0f}" for one in ACCURACIES)
    columns = ["chance of collapse", "seeds", "its interval holds", "all ranked together: hold", "width of the others"]
    columns += ["marked", "marked ones left out: hold", "where a seed collapsed", "width"]
    bimodal = grid(columns, list(bimodal_rows()))
    columns = ["true top-1", "seed sd", "all rank sets hold", "separated", "seeds", "ten seeds at once: hold"]
    sequential = grid(columns, list(sequential_rows()))
    numbers = {"draws": DRAWS, "resamples": RESAMPLES, "rank_draws": RANK_DRAWS, "sequences": 2 * RANK_DRAWS}
    told = {"top1": tables[0], "difference": tables[1], "ranks": ranks, "bimodal": bimodal, "sequential": sequential}
    sys.stdout.write(PAGE.format(**numbers, **told, accuracies=accuracies, depth=100 * DEPTH))


if __name__ == "__main__":
    main()
