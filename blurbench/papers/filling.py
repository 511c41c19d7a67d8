"""Tables of a paper filled from a board, and its claims turned into comparisons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from blurbench.papers.findings import Findings, Found, Place
from blurbench.papers.published import Anchor
from blurbench.papers.report import Comparison, Filled, Wanted

if TYPE_CHECKING:
    from blurbench.metrics.intervals import Interval

__all__ = ["above", "fill", "lookup", "measured", "near"]


@dataclass(frozen=True)
class Scale:
    """What a metric is multiplied with where it is shown, and the unit that it then has."""

    factor: float
    unit: str


SCALES = {
    "top1": Scale(100, "points"),
    "top5": Scale(100, "points"),
    "blurred_mse": Scale(1, "MSE"),
    "restored_mse": Scale(1, "MSE"),
    "restored_psnr": Scale(1, "dB"),
    "restored_ssim": Scale(1, "SSIM"),
    "feature_gradients": Scale(1, "variance"),
}


def fill(
    findings: Findings,
    anchor: Anchor,
    target: tuple[Place, str] | str,
    *,
    of: Callable[[float], float] = lambda value: value,
    row: str = "",
    column: str = "",
) -> Filled:
    """A printed figure beside the measured cell: `target` is its place and metric, or why it cannot be measured.

    `of` turns a measured value into the unit of the figure.
    """
    printed = None if anchor.best == anchor.value else anchor.value
    empty = Filled(row or anchor.row, column or anchor.column, anchor.best, printed)
    if isinstance(target, str):
        return replace(empty, reason=target)
    return measured(findings, empty, target, of)


def measured(
    findings: Findings, cell: Filled, target: tuple[Place, str], of: Callable[[float], float] = lambda value: value
) -> Filled:
    """`cell` with what was measured at that place, or with the reason why nothing was."""
    place, metric = target
    found = findings.find(place)
    if isinstance(found, str):
        return replace(cell, reason=found)
    value = found.mean(metric)
    if value is None:
        return replace(cell, reason=f"the records do not hold {metric}")
    ends = found.ends(metric)
    low, high = sorted(of(end) for end in ends) if ends else (None, None)
    return replace(
        cell,
        measured=of(value),
        low=low,
        high=high,
        dataset=found.dataset,
        images=found.images,
        seeds=len(found.records),
        records=tuple(record.key for record in found.records.values()),
    )


# --- comparisons ---------------------------------------------------------------------------------------------------


def above(
    findings: Findings,
    name: str,
    one: tuple[Place, str] | str,
    other: tuple[Place, str] | str,
    margin: float = 0.0,
    wanted: Wanted = "above",
) -> Comparison:
    """Whether `one` exceeds `other` by more than the margin, image by image over the seeds that both have; with `near`,
    whether they are within it of each other. A text in the place of one is the reason why there is none."""
    unit = next((SCALES[item[1]].unit for item in (one, other) if not isinstance(item, str)), "")
    late = any(findings.ran_out_of_time(item[0]) for item in (one, other) if not isinstance(item, str))
    empty = Comparison(name, unit, margin, wanted, cut_short=late)
    sides: list[tuple[Found, str]] = []
    for item in (one, other):
        found = item if isinstance(item, str) else findings.find(item[0])
        if isinstance(found, str) or isinstance(item, str):
            return replace(empty, reason=str(found))
        sides.append((found, item[1]))
    interval = _difference(*sides[0], *sides[1])
    if isinstance(interval, str):
        return replace(empty, reason=interval)
    fitted = [found for found, metric in sides if found.is_fitted and not metric.startswith("blurred_")]
    return replace(
        empty,
        interval=interval,
        seeds=len(sides[0][0].records.keys() & sides[1][0].records.keys()) if fitted else None,
        cut_short=late or any(found.still_improving for found in fitted),
    )


def near(
    findings: Findings, name: str, one: tuple[Place, str] | str, other: tuple[Place, str] | str, margin: float
) -> Comparison:
    """Whether the two are within the margin of each other."""
    return above(findings, name, one, other, margin, "near")


def _difference(one: Found, metric: str, other: Found, other_metric: str) -> Interval | str:
    from blurbench.metrics.intervals import Interval, difference_interval, mean_interval

    seeds = sorted(one.records.keys() & other.records.keys())
    if not seeds:
        return "the two were measured with different seeds"
    values, others = one.each(metric, seeds), other.each(other_metric, seeds)
    if values is None or others is None:
        return f"the records do not hold {metric} image by image: they are older than that; measure them again"
    if values.shape != others.shape:
        return "the two were measured on different test images"
    scale = SCALES[metric].factor
    interval = difference_interval(values - others) if metric == "top1" else mean_interval(values - others)
    return Interval(scale * interval.estimate, scale * interval.low, scale * interval.high)


def lookup(anchors: Iterable[Anchor], table: str) -> Sequence[Anchor]:
    """The printed figures of one table."""
    return [anchor for anchor in anchors if anchor.table == table]
