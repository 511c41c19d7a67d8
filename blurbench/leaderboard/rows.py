"""What a leaderboard says, as plain values: fractions, seconds and milliseconds, nothing formatted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from blurbench.metrics.intervals import Interval
from blurbench.types import Exposure

__all__ = ["CLEAN", "ORACLE", "Block", "Cost", "Incomplete", "Missing", "Overall", "Ranking", "Row", "Standings"]

CLEAN = "none"
"""The test blur that leaves images as they are."""

ORACLE = "true PSF"
"""Rows that know this stand apart and never rank."""


@dataclass(frozen=True)
class Cost:
    """What a predictor takes; milliseconds are an image, at batch 1 and 256, None where they were not measured."""

    fit_seconds: float
    """Mean over seeds."""
    fit_images_seen: float
    parameters: int
    batch_1_ms: float | None = None
    batch_256_ms: float | None = None
    added_batch_1_ms: float | None = None
    added_batch_256_ms: float | None = None


@dataclass(frozen=True)
class Row:
    """A strategy with its training blur inside a block, over the seeds that were measured.

    Differences (`gain`, `clean_change`) are paired: same images, same seeds, against the baseline, None for itself.
    """

    strategy: str
    train_blur: str
    n: int
    seeds: tuple[int, ...]
    keys: tuple[str, ...]
    """Of the records, in the order of the seeds."""
    top1: Interval
    top1_by_seed: tuple[float, ...]
    top5: float | None
    calibration_error: float
    knows: str
    requires: tuple[str, ...]
    exposure: Exposure
    cost: Cost
    gain: Interval | None = None
    recovered: float | None = None
    retained: float | None = None
    clean: float | None = None
    """Top-1 of the same predictor on clean images."""
    clean_change: Interval | None = None
    blurred_psnr: float | None = None
    restored_psnr: float | None = None
    blurred_ssim: float | None = None
    restored_ssim: float | None = None
    observations: Mapping[str, float] = field(default_factory=dict)
    is_baseline: bool = False
    rank: int | None = None
    """Place by top-1; None for oracles."""
    ties_with_best: bool = False
    """The paired difference from the block's best row cannot be told from 0; true of the best row itself."""

    @property
    def is_oracle(self) -> bool:
        """Whether the remedy is told the true PSF."""
        return self.knows == ORACLE


@dataclass(frozen=True)
class Missing:
    """A cell without a measurement: `status` is failed, skipped, blocked or not yet run."""

    strategy: str
    train_blur: str
    seed: int
    status: str
    reason: str = ""
    log: str = ""


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


@dataclass(frozen=True)
class Overall:
    """A strategy over all blurred blocks of a classifier: means of its gains and of its costs over data sets."""

    strategy: str
    train_blur: str
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
    rank: int | None = None


@dataclass(frozen=True)
class Incomplete:
    """A strategy that was not measured everywhere, and the cells that it lacks."""

    strategy: str
    train_blur: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Ranking:
    """The overall order for one classifier."""

    classifier: str
    blurred_blocks: int
    blocks_with_a_loss: int
    """Those with something to recover."""
    rows: tuple[Overall, ...]
    oracles: tuple[Overall, ...]
    incomplete: tuple[Incomplete, ...]


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
