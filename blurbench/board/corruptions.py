"""CE, mCE and relative mCE of every row, Hendrycks & Dietterich 2019: a corruption is a ladder, or a blur alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from blurbench.board.outcomes import RowKey
from blurbench.board.schema import CLEAN, Block, Corruption, CorruptionErrors, CorruptionTable, Row
from blurbench.board.severity import Blurs
from blurbench.metrics.robustness import corruption_error, relative_corruption_error

__all__ = ["corruption_tables"]

_Top1 = Mapping[str, float]
"""Of one row, by test blur."""


def corruption_tables(
    blurs: Blurs, blocks: Sequence[Block], baseline: RowKey | None, classifier: str | None
) -> Iterator[CorruptionTable]:
    """A table for each data set and classifier. The reference is the baseline strategy with `classifier`, or with the
    table's own classifier where that is None; no table where the reference was not measured at all."""
    corruptions = [Corruption(name, steps) for name, steps in blurs.corruptions()]
    if baseline is None or not corruptions:
        return
    for dataset, own in dict.fromkeys((block.dataset, block.classifier) for block in blocks):
        reference = _top1(blocks, dataset, classifier or own).get(baseline, {})
        rows = _rows(blocks, dataset, own)
        if reference:
            yield CorruptionTable(
                *(dataset, own, f"{baseline.strategy} of {classifier or own}", tuple(corruptions)),
                rows=tuple(
                    _errors(row, top1, reference, corruptions)
                    for entry, top1 in _top1(blocks, dataset, own).items()
                    for row in [rows[entry]]
                ),
            )


def _rows(blocks: Sequence[Block], dataset: str, classifier: str) -> dict[RowKey, Row]:
    found: dict[RowKey, Row] = {}
    for block in blocks:
        if (block.dataset, block.classifier) == (dataset, classifier):
            for row in (*block.rows, *block.oracles):
                found.setdefault(RowKey(row.strategy, row.train_blur), row)
    return found


def _top1(blocks: Sequence[Block], dataset: str, classifier: str) -> dict[RowKey, dict[str, float]]:
    found: dict[RowKey, dict[str, float]] = {}
    for block in blocks:
        if (block.dataset, block.classifier) == (dataset, classifier):
            for row in (*block.rows, *block.oracles):
                found.setdefault(RowKey(row.strategy, row.train_blur), {})[block.test_blur] = row.top1.estimate
    return found


def _errors(row: Row, top1: _Top1, reference: _Top1, corruptions: Sequence[Corruption]) -> CorruptionErrors:
    ce = tuple(_ce(one, top1, reference) for one in corruptions)
    relative = tuple(_relative_ce(one, top1, reference) for one in corruptions)
    return CorruptionErrors(
        *(row.strategy, row.train_blur, row.is_baseline, row.is_oracle),
        clean_error=1 - top1[CLEAN] if CLEAN in top1 else None,
        ce=ce,
        relative_ce=relative,
        mce=_mean_of_all(ce),
        relative_mce=_mean_of_all(relative),
    )


def _ce(corruption: Corruption, top1: _Top1, reference: _Top1) -> float | None:
    if not set(corruption.test_blurs) <= top1.keys() & reference.keys():
        return None
    return corruption_error(*([one[name] for name in corruption.test_blurs] for one in (top1, reference)))


def _relative_ce(corruption: Corruption, top1: _Top1, reference: _Top1) -> float | None:
    if not {CLEAN, *corruption.test_blurs} <= top1.keys() & reference.keys():
        return None
    severities, references = ([one[name] for name in corruption.test_blurs] for one in (top1, reference))
    return relative_corruption_error(severities, top1[CLEAN], references, reference[CLEAN])


def _mean_of_all(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None
