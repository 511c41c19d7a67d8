"""The rows of one block: each strategy against the baseline and against the best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean

from blurbench.leaderboard.measured import Cells, Entry, Measured, Place, common_seeds, difference
from blurbench.leaderboard.rows import CLEAN, Block, Cost, Row
from blurbench.metrics.intervals import Interval, difference_interval, top1_interval
from blurbench.metrics.robustness import recovered, retained
from blurbench.results.record import Timing

__all__ = ["block"]


def block(place: Place, cells: Cells, baseline: Entry | None, timings: Mapping[str, Timing]) -> Block:
    """Everything that was measured at `place`, ranked."""
    here = cells[place]
    base = _measured(here, baseline)
    clean = {} if place.test_blur == CLEAN else cells.get(place._replace(test_blur=CLEAN), {})
    loss = _paired(_measured(clean, baseline), base)
    yardstick = _Yardstick(base, _measured(clean, baseline), loss, timings)
    rows = [
        _row(entry, row, _measured(clean, entry), yardstick, entry == baseline)
        for entry, row in here.items()
        if row.records
    ]
    return Block(
        *place,
        baseline=_top1(base) if base else None,
        loss=loss,
        rows=_ranked([row for row in rows if not row.is_oracle], here),
        oracles=tuple(sorted((row for row in rows if row.is_oracle), key=_order)),
        missing=tuple(missing for row in here.values() for missing in row.missing),
    )


@dataclass(frozen=True, eq=False)
class _Yardstick:
    """What the rows of a block are held against."""

    base: Measured | None
    clean_base: Measured | None
    loss: Interval | None
    timings: Mapping[str, Timing]


def _measured(rows: Mapping[Entry, Measured], entry: Entry | None) -> Measured | None:
    row = rows.get(entry) if entry else None
    return row if row and row.records else None


def _top1(row: Measured) -> Interval:
    return top1_interval(row.correct(row.records))


def _paired(one: Measured | None, other: Measured | None) -> Interval | None:
    """The interval of `one` less `other` over the seeds that both have."""
    if one is None or other is None or not (seeds := common_seeds(one, other)):
        return None
    return difference_interval(difference(one, other, seeds))


def _row(entry: Entry, row: Measured, clean: Measured | None, yardstick: _Yardstick, is_baseline: bool) -> Row:
    first, metrics, top1 = row.first, row.metrics, _top1(row)
    assert first.knows is not None
    assert first.exposure is not None
    gain = None if is_baseline else _paired(row, yardstick.base)
    clean_top1 = fmean(one.top1 for one in clean.metrics) if clean else None
    return Row(
        *entry,
        n=metrics[0].n,
        seeds=tuple(row.records),
        keys=tuple(record.key for record in row.records.values()),
        top1=top1,
        top1_by_seed=tuple(one.top1 for one in metrics),
        top5=_mean(one.top5 for one in metrics),
        calibration_error=fmean(one.calibration_error for one in metrics),
        knows=first.knows,
        requires=tuple(first.requires),
        exposure=first.exposure,
        cost=_cost(row, yardstick),
        gain=gain,
        recovered=recovered(gain.estimate, yardstick.loss) if gain and yardstick.loss else None,
        retained=retained(top1.estimate, clean_top1) if clean_top1 is not None else None,
        clean=clean_top1,
        clean_change=None if is_baseline else _paired(clean, yardstick.clean_base),
        blurred_psnr=_mean(one.blurred_psnr for one in metrics),
        restored_psnr=_mean(one.restored_psnr for one in metrics),
        blurred_ssim=_mean(one.blurred_ssim for one in metrics),
        restored_ssim=_mean(one.restored_ssim for one in metrics),
        observations=_observations(row),
        is_baseline=is_baseline,
    )


def _mean(values: Iterable[float | None]) -> float | None:
    """The mean, where every seed has a value."""
    numbers = list(values)
    return fmean(number for number in numbers if number is not None) if None not in numbers else None


def _observations(row: Measured) -> dict[str, float]:
    names = sorted(set().union(*(one.observations for one in row.metrics)))
    means = {name: _mean(one.observations.get(name) for one in row.metrics) for name in names}
    return {name: mean for name, mean in means.items() if mean is not None}


# --- cost ----------------------------------------------------------------------------------------------------------


def _cost(row: Measured, yardstick: _Yardstick) -> Cost:
    costs = [record.cost for record in row.records.values() if record.cost]
    own, base = _timing(row, yardstick.timings), _timing(yardstick.base, yardstick.timings)
    return Cost(
        fit_seconds=fmean(cost.fit_seconds for cost in costs),
        fit_images_seen=fmean(cost.fit_images_seen for cost in costs),
        parameters=costs[0].parameters,
        batch_1_ms=own.batch_1_ms if own else None,
        batch_256_ms=own.batch_256_ms if own else None,
        added_batch_1_ms=own.batch_1_ms - base.batch_1_ms if own and base else None,
        added_batch_256_ms=own.batch_256_ms - base.batch_256_ms if own and base else None,
    )


def _timing(row: Measured | None, timings: Mapping[str, Timing]) -> Timing | None:
    cost = row.first.cost if row else None
    return timings.get(cost.timing) if cost else None


# --- order ---------------------------------------------------------------------------------------------------------


def _order(row: Row) -> tuple[float, str, str]:
    return (-row.top1.estimate, row.strategy, row.train_blur)


def _ranked(rows: list[Row], here: Mapping[Entry, Measured]) -> tuple[Row, ...]:
    """By top-1, then by label. A tie is judged row by row against the best, without regard to how many there are."""
    ordered = sorted(rows, key=_order)
    best = here[Entry(ordered[0].strategy, ordered[0].train_blur)] if ordered else None
    return tuple(
        replace(row, rank=rank, ties_with_best=_ties(best, here[Entry(row.strategy, row.train_blur)]))
        for rank, row in enumerate(ordered, start=1)
    )


def _ties(best: Measured | None, row: Measured) -> bool:
    behind = _paired(best, row)
    return behind is not None and not behind.excludes_zero
