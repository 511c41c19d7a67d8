"""CE, mCE and relative mCE of every row, Hendrycks & Dietterich 2019: a corruption is a sweep, or a blur alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from blurbench.board.outcomes import Outcomes
from blurbench.board.paired import common_seeds, mean_of_all
from blurbench.board.schema import CLEAN, Block, BlockKey, Corruption, CorruptionErrors, CorruptionTable, Row, RowKey
from blurbench.board.severity import SweepSteps, corruptions
from blurbench.metrics.intervals import Interval
from blurbench.metrics.ratios import Ratio, mean_ratio_interval
from blurbench.metrics.robustness import corruption_error, relative_corruption_error

__all__ = ["corruption_tables"]

_Rows = dict[str, Row]
"""One row by test blur."""


def corruption_tables(
    names: Sequence[str],
    sweeps: Sequence[SweepSteps],
    blocks: Sequence[Block],
    outcomes: Outcomes,
    classifier: str | None,
) -> Iterator[CorruptionTable]:
    """A table for each data set and classifier. The reference is the baseline strategy with `classifier`, or with the
    table's own classifier where that is None; no table where the reference was not measured at all."""
    listed = tuple(Corruption(name, steps) for name, steps in corruptions(names, sweeps))
    baseline = outcomes.baseline
    if baseline is None or not listed:
        return
    by_place: dict[tuple[str, str], dict[RowKey, _Rows]] = {}
    for block in blocks:
        rows = by_place.setdefault((block.dataset, block.classifier), {})
        for key, row in block.by_key.items():
            rows.setdefault(key, {})[block.test_blur] = row
    for (dataset, own), rows in by_place.items():
        if reference := _top1(by_place.get((dataset, classifier or own), {}).get(baseline, {})):
            found = [_errors(some, reference, listed) for some in rows.values()]
            places = (BlockKey(dataset, own, ""), BlockKey(dataset, classifier or own, ""))
            errors = tuple(replace(one, mce_interval=_mce_interval(one, *places, listed, outcomes)) for one in found)
            yield CorruptionTable(dataset, own, f"{baseline.strategy} of {classifier or own}", listed, errors)


def _top1(rows: _Rows) -> dict[str, float]:
    return {test_blur: row.top1.estimate for test_blur, row in rows.items()}


def _errors(rows: _Rows, reference: Mapping[str, float], listed: Sequence[Corruption]) -> CorruptionErrors:
    row, top1 = next(iter(rows.values())), _top1(rows)
    ce = tuple(_ce(corruption, top1, reference) for corruption in listed)
    relative = tuple(_relative_ce(corruption, top1, reference) for corruption in listed)
    return CorruptionErrors(
        *(*row.key, row.is_baseline, row.is_oracle),
        clean_error=1 - top1[CLEAN] if CLEAN in top1 else None,
        ce=ce,
        relative_ce=relative,
        mce=mean_of_all(ce),
        relative_mce=mean_of_all(relative),
    )


def _mce_interval(
    row: CorruptionErrors, place: BlockKey, reference: BlockKey, listed: Sequence[Corruption], outcomes: Outcomes
) -> Interval | None:
    """Of a row that has an mCE, over the seeds that it and the reference have under every blur."""
    if row.mce is None or outcomes.baseline is None:
        return None
    names = [name for corruption in listed for name in corruption.test_blurs]
    own = {name: outcomes.rows[place._replace(test_blur=name)][row.key] for name in names}
    others = {name: outcomes.rows[reference._replace(test_blur=name)][outcomes.baseline] for name in names}
    if not (seeds := common_seeds(*own.values(), *others.values())):
        return None
    wrong = [{name: 1.0 - rows[name].correct(seeds) for name in names} for rows in (own, others)]
    ratios: list[Ratio] = []
    for corruption in listed:
        above, below = (np.sum([some[name] for name in corruption.test_blurs], axis=0) for some in wrong)
        ratios.append((above, below))
    return mean_ratio_interval([ratios], (0.0, math.inf))


def _ce(corruption: Corruption, top1: Mapping[str, float], reference: Mapping[str, float]) -> float | None:
    if not set(corruption.test_blurs) <= top1.keys() & reference.keys():
        return None
    return corruption_error(*([some[name] for name in corruption.test_blurs] for some in (top1, reference)))


def _relative_ce(corruption: Corruption, top1: Mapping[str, float], reference: Mapping[str, float]) -> float | None:
    if not {CLEAN, *corruption.test_blurs} <= top1.keys() & reference.keys():
        return None
    severities, references = ([some[name] for name in corruption.test_blurs] for some in (top1, reference))
    return relative_corruption_error(severities, top1[CLEAN], references, reference[CLEAN])
