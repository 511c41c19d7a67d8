"""The rows of one block: each strategy against the baseline and against the best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

from blurbench.board.correct import packed
from blurbench.board.outcomes import BlockKey, Cells, RowKey, RowOutcomes, common_seeds, difference
from blurbench.board.pareto import CostBenefit, on_front
from blurbench.board.schema import CLEAN, ORACLE, BestOfGap, Block, Control, Cost, Row
from blurbench.metrics.intervals import Interval, difference_interval, top1_interval
from blurbench.metrics.ranks import Scores, rank_sets
from blurbench.metrics.robustness import recovered, retained
from blurbench.results.record import Record, Timing

__all__ = ["block"]


def block(place: BlockKey, cells: Cells, baseline: RowKey | None, timings: Mapping[str, Timing]) -> Block:
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
    ranked = _ranked([row for row in rows if not row.is_oracle], here)
    return Block(
        *place,
        baseline=_top1(base) if base else None,
        loss=loss,
        rows=ranked,
        oracles=tuple(sorted((row for row in rows if row.is_oracle), key=_order)),
        missing=tuple(missing for row in here.values() for missing in row.missing),
        headroom=_headroom(ranked) if base and place.test_blur != CLEAN else None,
    )


def _headroom(rows: Iterable[Row]) -> BestOfGap | None:
    """The row with the greatest gain, the baseline's being 0."""
    gains = [(row.gain.estimate if row.gain else 0.0, row) for row in rows if row.gain or row.is_baseline]
    if not gains:
        return None
    gain, best = max(gains, key=lambda pair: pair[0])
    return BestOfGap(best.strategy, best.train_blur, best.top1.estimate, gain)


@dataclass(frozen=True, eq=False)
class _Yardstick:
    """What the rows of a block are held against."""

    base: RowOutcomes | None
    clean_base: RowOutcomes | None
    loss: Interval | None
    timings: Mapping[str, Timing]


def _measured(rows: Mapping[RowKey, RowOutcomes], entry: RowKey | None) -> RowOutcomes | None:
    row = rows.get(entry) if entry else None
    return row if row and row.records else None


def _top1(row: RowOutcomes) -> Interval:
    return top1_interval(row.correct(row.records))


def _paired(one: RowOutcomes | None, other: RowOutcomes | None) -> Interval | None:
    """The interval of `one` less `other` over the seeds that both have."""
    if one is None or other is None or not (seeds := common_seeds(one, other)):
        return None
    return difference_interval(difference(one, other, seeds))


def _row(entry: RowKey, row: RowOutcomes, clean: RowOutcomes | None, yardstick: _Yardstick, is_baseline: bool) -> Row:
    first, metrics, top1 = row.first, row.metrics, _top1(row)
    assert first.knows is not None
    assert first.exposure is not None
    gain = None if is_baseline else _paired(row, yardstick.base)
    clean_top1 = fmean(one.top1 for one in clean.metrics) if clean else None
    common = common_seeds(row, yardstick.base) if yardstick.base and not is_baseline else []
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
        hits=tuple(packed(hits) for hits in row.hits.values()),
        gain=gain,
        gain_seeds=tuple(common),
        gain_by_seed=_by_seed(row, yardstick.base, common),
        recovered=recovered(gain.estimate, yardstick.loss) if gain and yardstick.loss else None,
        retained=retained(top1.estimate, clean_top1) if clean_top1 is not None else None,
        clean=clean_top1,
        clean_top5=_mean(one.top5 for one in clean.metrics) if clean else None,
        clean_calibration_error=fmean(one.calibration_error for one in clean.metrics) if clean else None,
        clean_change=None if is_baseline else _paired(clean, yardstick.clean_base),
        blurred_psnr=_mean(one.blurred_psnr for one in metrics),
        restored_psnr=_mean(one.restored_psnr for one in metrics),
        blurred_ssim=_mean(one.blurred_ssim for one in metrics),
        restored_ssim=_mean(one.restored_ssim for one in metrics),
        observations=_observations(row),
        is_baseline=is_baseline,
        control=_control(first),
    )


def _by_seed(row: RowOutcomes, base: RowOutcomes | None, seeds: Iterable[int]) -> tuple[float, ...]:
    return tuple(float(difference(row, base, [seed]).mean()) for seed in seeds) if base else ()


def _control(record: Record) -> Control:
    """Told by the restorer of the strategy, however a suite labels it."""
    restorer = _table(record.strategy.spec.get("restorer"))
    name = restorer.get("name", "")
    if name == "identity":
        return "identity"
    if _table(restorer.get("estimator")).get("name") == "constant":  # one sigma for all: right by chance alone
        return "wrong PSF"
    return "right PSF" if name == "wiener" and record.knows == ORACLE else ""


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mean(values: Iterable[float | None]) -> float | None:
    """The mean, where every seed has a value."""
    numbers = list(values)
    return fmean(number for number in numbers if number is not None) if None not in numbers else None


def _observations(row: RowOutcomes) -> dict[str, float]:
    names = sorted(set().union(*(one.observations for one in row.metrics)))
    means = {name: _mean(one.observations.get(name) for one in row.metrics) for name in names}
    return {name: mean for name, mean in means.items() if mean is not None}


# --- cost ----------------------------------------------------------------------------------------------------------


def _cost(row: RowOutcomes, yardstick: _Yardstick) -> Cost:
    costs = [record.cost for record in row.records.values() if record.cost]
    own, base = _timing(row, yardstick.timings), _timing(yardstick.base, yardstick.timings)
    return Cost(
        fit_seconds=fmean(cost.fit_seconds for cost in costs),
        fit_images_seen=fmean(cost.fit_images_seen for cost in costs),
        parameters=costs[0].parameters,
        fit_steps=_mean(cost.fit_steps for cost in costs),
        macs=costs[0].macs,
        batch_1_ms=own.batch_1_ms if own else None,
        batch_256_ms=own.batch_256_ms if own else None,
        added_batch_1_ms=own.batch_1_ms - base.batch_1_ms if own and base else None,
        added_batch_256_ms=own.batch_256_ms - base.batch_256_ms if own and base else None,
        peak_memory_bytes=own.peak_memory_bytes if own else None,
    )


def _timing(row: RowOutcomes | None, timings: Mapping[str, Timing]) -> Timing | None:
    cost = row.first.cost if row else None
    return timings.get(cost.timing) if cost else None


# --- order ---------------------------------------------------------------------------------------------------------


def _order(row: Row) -> tuple[float, bool, str, str]:
    # Of equals, a control comes after the remedy that it is the control of.
    return (-row.top1.estimate, bool(row.control), row.strategy, row.train_blur)


def _ranked(rows: list[Row], here: Mapping[RowKey, RowOutcomes]) -> tuple[Row, ...]:
    """By top-1, then by label; with the ranks that each may truly have, and whether it is worth its cost."""
    ordered = sorted(rows, key=_order)
    sets = rank_sets([Scores([here[RowKey(row.strategy, row.train_blur)].hits for row in ordered])])
    front = on_front([_offer(row) for row in ordered])
    return tuple(
        replace(row, rank=rank, rank_low=own.low, rank_high=own.high, ties_with_best=own.low == 1, on_front=worth)
        for rank, (row, own, worth) in enumerate(zip(ordered, sets, front, strict=True), start=1)
    )


def _offer(row: Row) -> CostBenefit | None:
    added, loses = row.cost.added_batch_1_ms, bool(row.gain and row.gain.high < 0)
    return (
        None if added is None else CostBenefit(row.top1.estimate, added, row.cost.fit_seconds, loses, bool(row.control))
    )
