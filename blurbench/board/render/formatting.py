"""How numbers read: percent with one decimal, times with two or three figures. `-` stands for nothing."""

from __future__ import annotations

from collections.abc import Sequence

from blurbench.board.schema import Block, HalfAccuracy
from blurbench.metrics.intervals import Interval

__all__ = [
    "NOTHING",
    "change",
    "count",
    "duration",
    "figures",
    "figures_in",
    "gain",
    "half_accuracy",
    "megabytes",
    "milliseconds",
    "not_paired",
    "other_pictures",
    "percent",
    "percent_in",
    "points",
    "ranks",
    "row_name",
    "seconds",
    "whole_percent",
]

NOTHING = "-"


def _tenths(fraction: float) -> float:
    return round(100 * fraction, 1) + 0.0  # + 0.0 turns -0.0 into 0.0


def percent(fraction: float | None) -> str:
    """`91.2`."""
    return NOTHING if fraction is None else f"{_tenths(fraction):.1f}"


def percent_in(interval: Interval) -> str:
    """`91.2 [90.1, 92.3]`."""
    return f"{percent(interval.estimate)} [{percent(interval.low)}, {percent(interval.high)}]"


def change(interval: Interval | None) -> str:
    """`+1.2`, in percentage points, with a `~` before it where it cannot be told from 0."""
    if interval is None:
        return NOTHING
    return ("" if interval.excludes_zero else "~") + points(interval.estimate)


def points(fraction: float) -> str:
    """`+1.2`, in percentage points."""
    return f"{_tenths(fraction):+.1f}"


def gain(interval: Interval | None) -> str:
    """`+1.2 [-0.3, +2.7]`, in percentage points."""
    if interval is None:
        return NOTHING
    return f"{points(interval.estimate)} [{points(interval.low)}, {points(interval.high)}]"


def figures(number: float) -> str:
    """Three figures: `0.123`, `1.2e-05`."""
    return f"{number + 0.0:.3g}"


def figures_in(interval: Interval | None) -> str:
    """`0.123 [0.1, 0.146]`; empty for nothing, so that no column is made for it."""
    if interval is None:
        return ""
    return f"{figures(interval.estimate)} [{figures(interval.low)}, {figures(interval.high)}]"


def whole_percent(share: float | None) -> str:
    """`93`."""
    return NOTHING if share is None else str(round(100 * share))


def milliseconds(number: float | None, sign: str = "") -> str:
    """`0.021`, `1.23`, `12.3`, `123`; with a sign where `sign` is "+"."""
    if number is None:
        return NOTHING
    size = abs(number)
    decimals = 3 if size < 1 else 2 if size < 10 else 1 if size < 100 else 0
    return f"{round(number, decimals) + 0.0:{sign}.{decimals}f}"


def seconds(number: float) -> str:
    """`0.4`, `12`, `1234`."""
    return f"{number:.1f}" if number < 9.95 else f"{number:.0f}"


def duration(seconds: float, of: str = "") -> str:
    """`less than a second`, `40 seconds`, `1.5 minutes`, `12 hours`; of workers `1.5 worker-minutes`."""
    if seconds < 1:
        return f"less than a {of}second"
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds >= 1.5 * size), ("second", 1))
    shown = f"{seconds / size:.2g}" if seconds < 9.95 * size and size > 1 else f"{seconds / size:,.0f}"
    return f"{shown} {of}{unit}{'' if shown == '1' else 's'}"


_UNITS = (("hour", 3600), ("minute", 60))


def count(number: float | None) -> str:
    """`512`, `61.7k`, `1.2M`."""
    if number is None:
        return NOTHING
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return f"{number:.0f}"


def megabytes(number: float | None) -> str:
    """`0.4`, `12`."""
    return NOTHING if number is None else seconds(number / 1e6)


def row_name(strategy: str, train_blur: str) -> str:
    """`retrain on gaussian-2`; not escaped."""
    return f"{strategy} on {train_blur}" if train_blur else strategy


def other_pictures(blurs: Sequence[str]) -> str:
    """What to know of test blurs that are other pictures than the sharp ones; empty where there are none."""
    names = ", ".join(blurs)
    return (
        f"{names}: other pictures than the sharp ones, so what is lost is not paired image by image." if names else ""
    )


def not_paired(block: Block) -> str:
    """The same of one block, with what the blur costs there."""
    shown = f"{block.photographed} other pictures than the sharp ones, photographed blurred."
    if block.loss is None:
        return shown
    return (
        f"{shown} The baseline's top-1 on them less that on the sharp ones: {gain(-block.loss)} percentage points, not "
        "paired image by image, as they may differ by more than blur; no share of it counts as recovered."
    )


def ranks(low: int | None, high: int | None) -> str:
    """`4`, or `1-3` where a row may truly have any of these ranks."""
    if low is None or high is None:
        return NOTHING
    return str(low) if low == high else f"{low}-{high}"


def half_accuracy(half: HalfAccuracy | None) -> str:
    """`2.13`, or `>3` where top-1 stays above half of what it is on clean images."""
    if half is None:
        return NOTHING
    return f"{half.value:.2f}" if half.reached else f">{half.value:g}"
