"""A comparison as text, for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from blurbench.board.comparison import Change, Comparison
from blurbench.board.estimator_comparison import EstimatorComparison
from blurbench.board.render.escape import one_line
from blurbench.board.render.formatting import gain, percent
from blurbench.board.render.tables import Column, table
from blurbench.metrics.intervals import Interval

__all__ = ["loss_text", "text", "unit_of"]


@dataclass(frozen=True)
class _Measure:
    """What changes are of, and how they are shown."""

    what: str
    units: str
    unit: float
    shown: Callable[[float], str]
    change: Callable[[Interval], str]

    def changed(self, change: Change) -> str:
        return "the same" if change.same else self.change(change.change)


def _error(change: Interval) -> str:
    return f"{change.estimate:+.4f} [{change.low:+.4f}, {change.high:+.4f}]"


_TOP1 = _Measure("points of top-1", "points", 0.01, percent, gain)
_ERROR = _Measure(
    "the mean squared error, in squared pixels of sigma: less is better",
    "squared pixels",
    1.0,
    "{:.4f}".format,
    _error,
)


def _measure_of(comparison: Comparison) -> _Measure:
    return _ERROR if isinstance(comparison, EstimatorComparison) else _TOP1


def unit_of(comparison: Comparison) -> float:
    """What one of the units that users give losses in is in those of the comparison."""
    return _measure_of(comparison).unit


def text(comparison: Comparison, every: bool) -> str:
    """What can be told apart, or every block."""
    told = [block for block in comparison.blocks if block.change.excludes_zero]
    same = sum(block.same for block in comparison.blocks)
    measure, of_images = _measure_of(comparison), all(len(block.seeds) == 1 for block in comparison.blocks)
    parts = [
        f"{len(comparison.blocks)} cells compared: {same} the same, {len(told)} told apart, "
        f"{len(comparison.blocks) - same - len(told)} differ by chance or too little to tell. "
        f"Changes are in {measure.what}, with 95% intervals{' (one seed: over images only)' * of_images}."
    ]
    tables = {
        "Over all blurs and data sets:": comparison.overall,
        "On clean images:": [change for change in comparison.clean if every or not change.same],
        "Every block:" if every else "Blocks that can be told apart:": comparison.blocks if every else told,
    }
    parts += [part for title, rows in tables.items() if rows for part in (title, _table(rows, measure))]
    for reason, count in Counter(cell.reason for cell in comparison.uncompared).items():
        cells = "1 cell" if count == 1 else f"{count} cells"
        parts.append(f"Not compared: {cells}, {reason}{_examples(comparison, reason)}")
    return "\n\n".join(parts)


def loss_text(comparison: Comparison, loss: Change, limit: float) -> str:
    """One loss of more than `limit` of the users' units."""
    measure, block = _measure_of(comparison), f"{loss.dataset} {loss.test_blur}".strip() or "all blurs"
    where = one_line(f"{block}, {loss.row}" + (f" ({loss.classifier})" if loss.classifier else ""))
    return f"Lost more than {limit:g} {measure.units}: {where}: {measure.changed(loss)}"


def _examples(comparison: Comparison, reason: str) -> str:
    cells = [cell for cell in comparison.uncompared if cell.reason == reason]
    more = f", and {len(cells) - 3} more" if len(cells) > 3 else ""
    return f": {'; '.join(one_line(f'{cell.dataset} {cell.test_blur}: {cell.row}') for cell in cells[:3])}{more}"


def _table(changes: Sequence[Change], measure: _Measure) -> str:
    columns: list[Column[Change]] = [
        ("data set", lambda change: one_line(change.dataset)),
        ("classifier", lambda change: one_line(change.classifier)),
        ("test blur", lambda change: one_line(change.test_blur)),
        ("row", lambda change: one_line(change.row)),
        ("first", lambda change: measure.shown(change.before)),
        ("second", lambda change: measure.shown(change.after)),
        ("change [95%]", measure.changed),
    ]
    return table(changes, columns)
