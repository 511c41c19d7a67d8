"""What a leaderboard says, as plain values: fractions, seconds and milliseconds, nothing formatted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from blurbench.contract import Control
from blurbench.matrix.axes import SHARP
from blurbench.matrix.exposure import Exposure
from blurbench.metrics.intervals import Interval

__all__ = [
    "CLEAN",
    "ORACLE",
    "UNSTEADY",
    "BestOfGap",
    "Block",
    "BlockKey",
    "Corruption",
    "CorruptionErrors",
    "CorruptionTable",
    "Cost",
    "EqualSteps",
    "HalfAccuracy",
    "Incomplete",
    "Meaning",
    "Missing",
    "RankedStrategy",
    "Ranking",
    "Row",
    "RowKey",
    "SeveritySweep",
    "Standings",
    "SweepPoint",
    "SweepRow",
    "Unseen",
]

CLEAN = SHARP
"""The test blur that leaves images as they are."""

ORACLE = "true PSF"
"""Rows that know this stand apart and never rank."""


UNSTEADY = "unsteady over seeds"
"""The flag of rows that stand in no rank set: see `metrics.steadiness`."""


class BlockKey(NamedTuple):
    """Which block."""

    dataset: str
    classifier: str
    test_blur: str


class RowKey(NamedTuple):
    """Which row of a block."""

    strategy: str
    train_blur: str


@dataclass(frozen=True)
class _OfRow:
    """A row of a block, or what is said of the row over several blocks."""

    strategy: str
    train_blur: str

    @property
    def key(self) -> RowKey:
        """What it is found by."""
        return RowKey(self.strategy, self.train_blur)


@dataclass(frozen=True)
class Cost:
    """What a predictor takes; milliseconds are an image, at batch 1 and 256, None where they were not measured."""

    fit_seconds: float
    """Mean over seeds."""
    fit_images_seen: float
    parameters: int
    fit_steps: float | None = None
    """Optimiser steps over everything that was fitted; mean over seeds."""
    macs: int | None = None
    """Multiply-accumulates an image at prediction."""
    batch_1_ms: float | None = None
    batch_256_ms: float | None = None
    added_batch_1_ms: float | None = None
    added_batch_256_ms: float | None = None
    peak_memory_bytes: int | None = None
    """What predicting a batch of 256 needs."""


@dataclass(frozen=True)
class Row(_OfRow):
    """A strategy with its training blur inside a block, over the seeds that were measured.

    Differences (`gain`, `clean_change`) are paired: same images, same seeds, against the baseline, None for itself.
    """

    n: int
    seeds: tuple[int, ...]
    keys: tuple[str, ...]
    """Of the records, in the order of the seeds."""
    top1: Interval
    top1_by_seed: tuple[float, ...]
    top5: float | None
    """None where there are five classes or fewer."""
    calibration_error: float
    knows: str
    requires: tuple[str, ...]
    exposure: Exposure
    cost: Cost
    correct: Annotated[tuple[str, ...], Field(alias="hits")] = ()
    """Which test images were right, a text a seed (see `hits`); in JSON `hits`."""
    gain: Interval | None = None
    gain_seeds: tuple[int, ...] = ()
    """The seeds that the baseline has too, over which the gain goes."""
    gain_by_seed: tuple[float, ...] = ()
    recovered: float | None = None
    retained: float | None = None
    clean: float | None = None
    """Top-1 of the same predictor on clean images."""
    clean_top5: float | None = None
    clean_calibration_error: float | None = None
    clean_change: Interval | None = None
    blurred_psnr: float | None = None
    restored_psnr: float | None = None
    blurred_ssim: float | None = None
    restored_ssim: float | None = None
    observations: Mapping[str, float] = field(default_factory=dict)
    is_baseline: bool = False
    control: Control = ""
    rank: int | None = None
    """Place by top-1, which orders the rows; None for oracles."""
    rank_low: int | None = None
    rank_high: int | None = None
    """The ranks that the row may truly have: 95% for all rows of the block at once. None where it is unsteady."""
    ties_with_best: bool = False
    """No row is told to be better: the ranks begin at 1."""
    on_front: bool | None = None
    """Worth its cost among the rows of the block, as `pareto` says. None for oracles, and where times are lacking."""
    flags: tuple[str, ...] = ()
    """What to know before its figures: see `flags`."""
    calibration_interval: Interval | None = None
    recovered_interval: Interval | None = None
    log_loss: float | None = None
    """In nats; None, as Brier's score, where a record is older than that."""
    brier: float | None = None
    churn: float | None = None
    """Share of images that the same predictor gives another label without blur; None where that was not measured."""
    selective_top1: float | None = None
    """Over the half of the images that it is surest of."""
    worst_class: int | None = None
    """The label with the lowest top-1."""
    worst_class_top1: float | None = None
    own: Mapping[str, Interval] = field(default_factory=dict)
    """What metrics of plugins say, by label: the mean over the images and seeds of which they say something."""

    @property
    def is_oracle(self) -> bool:
        """Whether the remedy is told the true PSF."""
        return self.knows == ORACLE


@dataclass(frozen=True)
class Missing(_OfRow):
    """A cell without a measurement: `status` is failed, skipped, blocked or not yet run."""

    seed: int
    status: str
    reason: str = ""
    log: str = ""


@dataclass(frozen=True)
class BestOfGap(_OfRow):
    """The best that could be had by choosing among all rows but the oracles: chosen on test images, so no remedy."""

    top1: float
    gain: float
    """Over the baseline; never below 0, which keeping to the baseline gives."""


@dataclass(frozen=True)
class Block:
    """All strategies for one data set, classifier and test blur: ranked rows, oracles, and what is missing."""

    dataset: str
    classifier: str
    test_blur: str
    baseline: Interval | None
    """Top-1 of the baseline."""
    loss: Interval | None
    """What the blur costs the baseline: its top-1 on clean images less its top-1 here. None in the clean block."""
    rows: tuple[Row, ...]
    oracles: tuple[Row, ...]
    missing: tuple[Missing, ...]
    best_of_gap: Annotated[BestOfGap | None, Field(alias="headroom")] = None
    """None in the clean block, and without a baseline; in JSON `headroom`, as in a ranking."""
    photographed: int = 0
    """How many pictures it is tested on that were photographed blurred, other than the sharp ones: what the blur costs
    is then not paired. 0 for blurs that were put on the sharp ones."""
    best_oracle: BestOfGap | None = None
    """The same of the rows that are told the true PSF: the most that any of them makes of it. None without one."""

    @property
    def key(self) -> BlockKey:
        """What it is found by."""
        return BlockKey(self.dataset, self.classifier, self.test_blur)

    @property
    def by_key(self) -> dict[RowKey, Row]:
        """All rows, oracles last."""
        return {row.key: row for row in (*self.rows, *self.oracles)}

    @property
    def own_metrics(self) -> tuple[str, ...]:
        """The labels of the metrics of plugins that any of its rows was measured by."""
        return tuple(sorted({name for row in (*self.rows, *self.oracles) for name in row.own}))


@dataclass(frozen=True)
class RankedStrategy(_OfRow):
    """A strategy over all blurred blocks of a classifier: means of its gains and of its costs over data sets."""

    knows: str
    requires: tuple[str, ...]
    is_baseline: bool
    gain: Interval | None
    gain_seen: Interval | None
    gain_unseen: Interval | None
    """Over the blocks whose test blur was, or was not, met in training."""
    clean_change: Interval | None
    recovered: float | None
    fit_seconds: float
    added_batch_1_ms: float | None
    added_batch_256_ms: float | None
    fit_images_seen: float = 0.0
    fit_steps: float | None = None
    parameters: int = 0
    """The most over data sets, as the next two."""
    macs: int | None = None
    peak_memory_bytes: int | None = None
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    """As in a row of a block."""
    on_front: bool | None = None
    """As in a row of a block, with the mean gain."""
    control: Control = ""
    """As in a row of a block."""
    steps_ratio: float | None = None
    """Its optimiser steps as a multiple of the baseline's; None where either is not known, or the baseline has none."""
    flags: tuple[str, ...] = ()
    """Those of its rows in any block, and whether it is unsteady over all."""
    recovered_interval: Interval | None = None


@dataclass(frozen=True)
class Unseen(_OfRow):
    """A strategy over the blurred blocks whose blur it had not met; which these are depends on its training blur."""

    blocks: int
    gain: Interval
    """Over the baseline, in those blocks."""
    rank: int
    rank_low: int | None
    rank_high: int | None
    """None where the row is unsteady."""


@dataclass(frozen=True)
class EqualSteps(_OfRow):
    """A strategy against what as many optimiser steps on sharp images alone reach: a control, or the baseline."""

    steps_ratio: float
    against: str
    """The strategy that it is held against: the one with the fewest steps of those that take as many."""
    against_ratio: float
    gain: Interval


@dataclass(frozen=True)
class Incomplete(_OfRow):
    """A strategy that was not measured everywhere, and the cells that it lacks."""

    cells: tuple[str, ...]


@dataclass(frozen=True)
class Ranking:
    """The overall order for one classifier."""

    classifier: str
    blurred_blocks: int
    blocks_with_a_loss: int
    """Those with something to recover."""
    rows: tuple[RankedStrategy, ...]
    oracles: tuple[RankedStrategy, ...]
    incomplete: tuple[Incomplete, ...]
    unseen: tuple[Unseen, ...] = ()
    """The rows again, ranked by what they do where the blur was not met in training. Empty where all was met."""
    best_of_gap: Annotated[float | None, Field(alias="headroom")] = None
    """Mean over the blurred blocks of the gain of each block's best row: chosen on test images."""
    best_oracle: float | None = None
    """The same of each block's best row of those that are told the true PSF. None unless every block has one."""
    at_equal_steps: tuple[EqualSteps, ...] = ()
    """The rows again, by what they gain over a control with as many steps; without those that took more than any
    control. Empty without a control."""


# --- severity ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SweepPoint:
    """One step of a ladder for one row."""

    test_blur: str
    value: float
    top1: Interval
    gain: Interval | None
    exposure: Exposure


@dataclass(frozen=True)
class HalfAccuracy:
    """Where top-1 falls to half of what it is on clean images, interpolated between the steps."""

    value: float
    """In the ladder's unit; where it is not reached, the ladder's last step."""
    of_side: float | None
    """The same as a share of the image's shorter side; None where the unit is not pixels or the side is unknown."""
    reached: bool


@dataclass(frozen=True)
class SweepRow(_OfRow):
    """One row along a ladder."""

    is_baseline: bool
    is_oracle: bool
    clean: float | None
    """Top-1 without blur, the curve's point at 0."""
    points: tuple[SweepPoint, ...]
    """In the order of the ladder; steps that were not measured are left out."""
    fitted_at: float | None
    """The step that its training blur is on the same ladder, where it is: matched there, mismatched elsewhere."""
    area: float | None
    """Mean top-1 from no blur to the last step, by trapezia; None unless every step was measured."""
    half: HalfAccuracy | None
    control: Control = ""
    """As in a row of a block."""


@dataclass(frozen=True)
class SeveritySweep:
    """Test blurs that differ in one parameter, mildest first, and what each row does along them."""

    dataset: str
    classifier: str
    blur: str
    """What the steps share: `gaussian`, `linear-motion[angle=45]`."""
    parameter: str
    unit: str
    """`pixels`, or `of 255` for noise."""
    image_side: int | None
    """The shorter side in pixels."""
    steps: tuple[str, ...]
    values: tuple[float, ...]
    curves: tuple[SweepRow, ...]


# --- corruption errors ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Corruption:
    """Test blurs that count as one corruption, its severities: a ladder, or a blur alone."""

    name: str
    test_blurs: tuple[str, ...]


@dataclass(frozen=True)
class CorruptionErrors(_OfRow):
    """Shares of the reference's errors, Hendrycks & Dietterich 2019: 1 is as many errors as the reference makes."""

    is_baseline: bool
    is_oracle: bool
    clean_error: float | None
    ce: tuple[float | None, ...]
    """A value for each corruption; None where a severity, of the row or of the reference, was not measured."""
    relative_ce: tuple[float | None, ...]
    """The same with errors beyond those on clean images; None, too, where blur costs the reference nothing."""
    mce: float | None
    relative_mce: float | None
    """The means, where every corruption has a value."""
    mce_interval: Interval | None = None
    """Over the seeds that the row and the reference have in every blur."""


@dataclass(frozen=True)
class CorruptionTable:
    """CE, mCE and relative mCE of the rows of one data set and classifier."""

    dataset: str
    classifier: str
    reference: str
    """Whose errors are 1: `plain of cnn3`."""
    corruptions: tuple[Corruption, ...]
    rows: tuple[CorruptionErrors, ...]


@dataclass(frozen=True)
class Meaning:
    """What a test blur is, however the suite words it."""

    expression: str
    """The shortest: `gaussian[sigma=2]`."""
    spec: Mapping[str, Any]
    """The same as a table with every parameter."""


@dataclass(frozen=True)
class Standings:
    """A whole board, in suite order."""

    title: str
    suite: str
    suite_version: int
    budget: str
    budget_values: Mapping[str, Any]
    baseline: str
    commands: tuple[str, ...]
    datasets: tuple[str, ...]
    classifiers: tuple[str, ...]
    test_blurs: tuple[str, ...]
    seeds: tuple[int, ...]
    test_images: Mapping[str, int]
    """By data set, where anything was measured."""
    timed_on: tuple[str, ...]
    rankings: tuple[Ranking, ...]
    blocks: tuple[Block, ...]
    unchecked: int = 0
    """Cells that were merged from others where their data were not at hand to check them against."""
    images_only: bool = False
    """One seed: the intervals speak of the test images alone, not of fitting again."""
    meanings: Mapping[str, Meaning] = field(default_factory=dict)
    """By test blur, in ladder order, where anything was measured."""
    sweeps: Annotated[tuple[SeveritySweep, ...], Field(alias="ladders")] = ()
    corruptions: tuple[CorruptionTable, ...] = ()

    @property
    def photographed(self) -> tuple[str, ...]:
        """The test blurs that are other pictures than the sharp ones, photographed blurred."""
        return tuple(dict.fromkeys(block.test_blur for block in self.blocks if block.photographed))

    @property
    def own_metrics(self) -> tuple[str, ...]:
        """The labels of the metrics of plugins that any row was measured by."""
        return tuple(sorted({name for block in self.blocks for name in block.own_metrics}))

    @property
    def flagged(self) -> dict[str, dict[RowKey, tuple[int, int]]]:
        """By flag, the rows that have it, each with in how many blocks, of so many that it was measured in; 0 where it
        is unsteady over all blocks together and in none alone."""
        blocks = [row for block in self.blocks for row in (*block.rows, *block.oracles)]
        measured, flags = Counter(row.key for row in blocks), Counter((f, row.key) for row in blocks for f in row.flags)
        overall = [row for ranking in self.rankings for row in (*ranking.rows, *ranking.oracles)]
        rows: list[Row | RankedStrategy] = [*blocks, *overall]
        found: dict[str, dict[RowKey, tuple[int, int]]] = {}
        for row in rows:
            for flag in row.flags:
                found.setdefault(flag, {})[row.key] = flags[flag, row.key], measured[row.key]
        return found
