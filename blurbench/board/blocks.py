"""The rows of one block: each strategy against the baseline and against the best."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from blurbench.board.flags import flags_of
from blurbench.board.hits import packed
from blurbench.board.outcomes import Outcomes, RowOutcomes
from blurbench.board.paired import common_seeds, difference, mean_of_all
from blurbench.board.pareto import CostBenefit, on_front
from blurbench.board.schema import CLEAN, UNSTEADY, BestOfGap, Block, BlockKey, Cost, RankedStrategy, Row, RowKey
from blurbench.metrics.answers import accuracy_by_class, churn, selective_accuracy
from blurbench.metrics.intervals import Interval, difference_interval, top1_interval, unpaired_difference_interval
from blurbench.metrics.ranks import Ranks, Scores, rank_sets
from blurbench.metrics.ratios import Ratio, calibration_interval, mean_ratio_interval
from blurbench.metrics.robustness import recovered, retained
from blurbench.metrics.steadiness import unsteady

__all__ = ["block", "in_order", "marked", "recovered_ratio", "with_ranks"]


def block(key: BlockKey, outcomes: Outcomes) -> Block:
    """Everything that was measured there, ranked."""
    rows = outcomes.rows[key]
    clean = {} if key.test_blur == CLEAN else outcomes.rows.get(key._replace(test_blur=CLEAN), {})
    baseline, clean_baseline = _measured(rows, outcomes.baseline), _measured(clean, outcomes.baseline)
    photographed = outcomes.is_photographed(key.test_blur)
    loss = _unpaired(clean_baseline, baseline) if photographed else _paired(clean_baseline, baseline)
    is_sharp = key.test_blur == CLEAN
    reference = _Reference(outcomes.baseline, baseline, clean_baseline, loss, is_sharp, photographed)
    finished = [_row(one, row, _measured(clean, one), reference) for one, row in rows.items() if row.cells]
    ranked = _ranked([row for row in finished if not row.is_oracle], rows)
    oracles = tuple(in_order(row for row in finished if row.is_oracle))
    has_gap = baseline is not None and key.test_blur != CLEAN
    return Block(
        *key,
        baseline=_top1(baseline) if baseline else None,
        loss=loss,
        rows=ranked,
        oracles=oracles,
        missing=tuple(gap for row in rows.values() for gap in row.missing),
        best_of_gap=_best_of_gap(ranked) if has_gap else None,
        photographed=finished[0].n if photographed and finished else 0,
        best_oracle=_best_of_gap(oracles) if has_gap else None,
    )


def _best_of_gap(rows: Iterable[Row]) -> BestOfGap | None:
    """The row with the greatest gain, the baseline's being 0."""
    gains = [(row.gain.estimate if row.gain else 0.0, row) for row in rows if row.gain or row.is_baseline]
    if not gains:
        return None
    gain, best = max(gains, key=lambda pair: pair[0])
    return BestOfGap(*best.key, best.top1.estimate, gain)


@dataclass(frozen=True, eq=False)
class _Reference:
    """What the rows of a block are compared with."""

    key: RowKey | None
    baseline: RowOutcomes | None
    clean_baseline: RowOutcomes | None
    loss: Interval | None
    is_sharp: bool
    """The block is that of images without blur."""
    photographed: bool
    """Its images are not those of the clean block."""


def _measured(rows: Mapping[RowKey, RowOutcomes], key: RowKey | None) -> RowOutcomes | None:
    row = rows.get(key) if key else None
    return row if row and row.cells else None


def _top1(row: RowOutcomes) -> Interval:
    return top1_interval(row.correct(row.seeds))


def _paired(row: RowOutcomes | None, reference: RowOutcomes | None) -> Interval | None:
    """The interval of `row` less `reference` over the seeds that both have."""
    if row is None or reference is None or not (seeds := common_seeds(row, reference)):
        return None
    return difference_interval(difference(row, reference, seeds))


def _unpaired(row: RowOutcomes | None, reference: RowOutcomes | None) -> Interval | None:
    """The same where they were tested on other images."""
    if row is None or reference is None:
        return None
    return unpaired_difference_interval(_top1(row), _top1(reference))


def _row(key: RowKey, row: RowOutcomes, clean: RowOutcomes | None, reference: _Reference) -> Row:
    assert row.facts is not None
    top1, means, is_baseline = _top1(row), _means(row), key == reference.key
    baseline = None if is_baseline else reference.baseline
    gain, seeds = _paired(row, baseline), common_seeds(row, baseline) if baseline else []
    on_clean = _means(clean) if clean else {}
    sharp = row if reference.is_sharp else clean
    # What a row wins back is a share of what the same images lost.
    share = recovered(gain.estimate, reference.loss) if gain and reference.loss and not reference.photographed else None
    return Row(
        *key,
        n=len(row.first.correct),
        seeds=tuple(row.seeds),
        keys=tuple(cell.key for cell in row.cells.values()),
        top1=top1,
        top1_by_seed=tuple(float(cell.metrics["top1"] or 0) for cell in row.cells.values()),
        knows=row.facts.knows,
        requires=row.facts.requires,
        exposure=row.facts.exposure,
        cost=_cost(row, reference.baseline),
        correct=tuple(packed(cell.correct) for cell in row.cells.values()),
        gain=gain,
        gain_seeds=tuple(seeds),
        gain_by_seed=tuple(float(difference(row, baseline, [seed]).mean()) for seed in seeds) if baseline else (),
        recovered=share,
        recovered_interval=None if share is None else _recovered_interval(row, reference),
        retained=retained(top1.estimate, on_clean["top1"]) if on_clean and not reference.photographed else None,
        clean=on_clean.get("top1"),
        clean_top5=on_clean.get("top5"),
        clean_calibration_error=on_clean.get("calibration_error"),
        clean_change=None if is_baseline else _paired(clean, reference.clean_baseline),
        observations=_observations(row),
        own=_own(row),
        is_baseline=is_baseline,
        control=row.facts.control,
        flags=flags_of(row, sharp),
        calibration_interval=calibration_interval(row.confidence(row.seeds), row.correct(row.seeds)),
        **{name: mean for name, mean in means.items() if name != "top1"}
        | _of_answers(row, None if reference.photographed else sharp),
    )


def _of_answers(row: RowOutcomes, sharp: RowOutcomes | None) -> dict[str, Any]:
    """What the answers say beyond top-1, over seeds."""
    classes = accuracy_by_class(np.array(row.first.truth), row.correct(row.seeds))
    worst = min(classes, key=lambda label: classes[label][1])
    common = common_seeds(row, sharp) if sharp else []
    return {
        "churn": churn(row.predicted(common), sharp.predicted(common)) if sharp and common else None,
        "selective_top1": fmean(selective_accuracy(cell.confidence, cell.correct) for cell in row.cells.values()),
        "worst_class": worst,
        "worst_class_top1": classes[worst][1],
    }


def _recovered_interval(row: RowOutcomes, reference: _Reference) -> Interval | None:
    """Over the seeds that row and baseline have here, and the baseline without blur."""
    ratio = recovered_ratio(row, reference.baseline, reference.clean_baseline)
    return mean_ratio_interval([[ratio]]) if ratio else None


def recovered_ratio(row: RowOutcomes, baseline: RowOutcomes | None, sharp: RowOutcomes | None) -> Ratio | None:
    """What the row gains over the baseline, and what the baseline loses by blur; None without a common seed."""
    if baseline is None or sharp is None or not (seeds := common_seeds(row, baseline, sharp)):
        return None
    return difference(row, baseline, seeds), difference(sharp, baseline, seeds)


def _means(row: RowOutcomes) -> dict[str, Any]:
    """Of each metric over the seeds; None where a seed has none."""
    return {name: mean_of_all(cell.metrics[name] for cell in row.cells.values()) for name in row.first.metrics}


def _observations(row: RowOutcomes) -> dict[str, float]:
    names = sorted(set().union(*(cell.observations for cell in row.cells.values())))
    means = {name: mean_of_all(cell.observations.get(name) for cell in row.cells.values()) for name in names}
    return {name: mean for name, mean in means.items() if mean is not None}


def _own(row: RowOutcomes) -> dict[str, Interval]:
    """Of each metric that all seeds have; without those that say something of one image or none."""
    names = set.intersection(*(set(cell.own) for cell in row.cells.values()))
    limits = row.facts.own_limits if row.facts else {}
    means = {
        name: _mean_of_defined([cell.own[name] for cell in row.cells.values()], limits.get(name, UNLIMITED))
        for name in sorted(names)
    }
    return {name: mean for name, mean in means.items() if mean is not None}


UNLIMITED = (-math.inf, math.inf)


def _mean_of_defined(by_seed: Sequence[NDArray[np.float64]], limits: tuple[float, float]) -> Interval | None:
    """A ratio of means: images that say nothing are 0 above and below."""
    values = np.stack(by_seed)
    defined = ~np.isnan(values)
    if defined.any(axis=0).sum() < 2:
        return None
    return mean_ratio_interval([[(np.nan_to_num(values), defined.astype(np.float64))]], limits)


# --- cost ----------------------------------------------------------------------------------------------------------


def _cost(row: RowOutcomes, baseline: RowOutcomes | None) -> Cost:
    costs: list[Mapping[str, Any]] = [cell.cost for cell in row.cells.values()]
    timing: Mapping[str, Any] = row.first.timing
    reference: Mapping[str, Any] = baseline.first.timing if baseline else {}
    times = ("batch_1_ms", "batch_256_ms")
    added = {f"added_{name}": timing[name] - reference[name] for name in times if timing and reference}
    return Cost(
        fit_seconds=fmean(cost["fit_seconds"] for cost in costs),
        fit_images_seen=fmean(cost["fit_images_seen"] for cost in costs),
        parameters=costs[0]["parameters"],
        fit_steps=mean_of_all(cost["fit_steps"] for cost in costs),
        macs=costs[0]["macs"],
        **timing,
        **added,
    )


# --- order ---------------------------------------------------------------------------------------------------------

_Ranked = TypeVar("_Ranked", Row, RankedStrategy)


def in_order(rows: Iterable[_Ranked]) -> list[_Ranked]:
    """Best first: by top-1, over several blocks by the mean gain; then by label."""

    def place(row: _Ranked) -> tuple[float, bool, str, str]:
        # Of equals, a control comes after the remedy that it is the control of.
        return (-_score(row), bool(row.control), *row.key)

    return sorted(rows, key=place)


def _score(row: Row | RankedStrategy) -> float:
    if isinstance(row, Row):
        return row.top1.estimate
    return row.gain.estimate if row.gain else 0.0


def with_ranks(rows: list[_Ranked], sets: Callable[[list[RowKey]], list[Ranks]]) -> tuple[_Ranked, ...]:
    """`rows`, in order, with the ranks that each may truly have, and whether it is worth its cost. Those that are
    unsteady have no ranks, and no part in those of others."""
    steady = [row.key for row in rows if UNSTEADY not in row.flags]
    ranks, front = dict(zip(steady, sets(steady), strict=True)), on_front([_cost_benefit(row) for row in rows])
    ends = [ranks.get(row.key) or (None, None) for row in rows]
    return tuple(
        replace(row, rank=rank, rank_low=low, rank_high=high, on_front=worth)
        for rank, (row, (low, high), worth) in enumerate(zip(rows, ends, front, strict=True), start=1)
    )


def marked(rows: Sequence[_Ranked], top1_by_seed: Sequence[Sequence[float]]) -> list[_Ranked]:
    """`rows`, those flagged whose seeds lie far apart."""

    def flagged(row: _Ranked) -> _Ranked:
        return replace(row, flags=(*row.flags, UNSTEADY))

    return [flagged(row) if far else row for row, far in zip(rows, unsteady(top1_by_seed), strict=True)]


def _cost_benefit(row: Row | RankedStrategy) -> CostBenefit | None:
    cost = row.cost if isinstance(row, Row) else row
    if cost.added_batch_1_ms is None or not (isinstance(row, Row) or row.is_baseline or row.gain):
        return None
    loses = bool(row.gain and row.gain.high < 0)
    return CostBenefit(_score(row), cost.added_batch_1_ms, cost.fit_seconds, loses, bool(row.control))


def _ranked(rows: list[Row], outcomes: Mapping[RowKey, RowOutcomes]) -> tuple[Row, ...]:
    def sets(keys: list[RowKey]) -> list[Ranks]:
        return rank_sets([Scores([{seed: cell.correct for seed, cell in outcomes[key].cells.items()} for key in keys])])

    ranked = with_ranks(in_order(marked(rows, [row.top1_by_seed for row in rows])), sets)
    return tuple(replace(row, ties_with_best=row.rank_low == 1) for row in ranked)
