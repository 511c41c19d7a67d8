"""Two boards of estimators compared cell by cell, or two estimators of one board.

Every change is paired: same pictures, same seeds, the squared errors of the second side less those of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from blurbench.board.comparison import Change, Comparison, Uncompared, not_paired
from blurbench.board.outcomes import Estimate, Estimates
from blurbench.errors import UnknownName, UsageError
from blurbench.metrics.mean_intervals import picture_mean_interval

__all__ = ["EstimatorComparison", "compare_estimator_boards", "compare_estimators"]

BySeed: TypeAlias = Mapping[int, Estimate]
"""One row at one place."""
Place: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class EstimatorComparison(Comparison):
    """Its changes are of mean squared errors in squared pixels of sigma, so that more is worse."""

    def losses(self, drop: float) -> list[Change]:
        """Where the whole 95% interval lies above a growth of `drop`. Each is judged alone."""
        return [block for block in self.blocks if block.change.low > drop]


def compare_estimator_boards(before: Estimates, after: Estimates) -> EstimatorComparison:
    """The second board against the first, rows joined by their labels."""
    old, new = _cells(before), _cells(after)
    return _compared(
        (place, title, old.get(place, {}).get(title, {}), new.get(place, {}).get(title, {}))
        for place in dict.fromkeys([*old, *new])
        for title in dict.fromkeys([*old.get(place, {}), *new.get(place, {})])
    )


def compare_estimators(board: Estimates, first: str, second: str) -> EstimatorComparison:
    """Two estimators of one board, the second against the first, each by its row's whole title."""
    cells = _cells(board)
    known = {title for rows in cells.values() for title in rows}
    for name in (first, second):
        if name not in known:
            raise UnknownName("estimator on this board:", name, known)
    if first == second:
        raise UsageError(f"{first!r} is to be compared with itself")
    title = f"{second} against {first}"
    return _compared((place, title, rows.get(first, {}), rows.get(second, {})) for place, rows in cells.items())


def _cells(board: Estimates) -> dict[Place, dict[str, dict[int, Estimate]]]:
    cells: dict[Place, dict[str, dict[int, Estimate]]] = {}
    for cell in board.cells:
        by_seed = cells.setdefault(cell.place, {}).setdefault(cell.title, {})
        if cell.values:
            by_seed[cell.labels["seed"]] = cell
    return cells


def _compared(pairs: Iterable[tuple[Place, str, BySeed, BySeed]]) -> EstimatorComparison:
    changes: list[Change] = []
    uncompared: list[Uncompared] = []
    for (pictures, blur), title, before, after in pairs:
        if reason := _obstacle(before, after):
            uncompared.append(Uncompared(pictures, "", blur, title, reason))
        else:
            changes.append(_change((pictures, blur), title, before, after))
    return EstimatorComparison((), (), tuple(changes), tuple(uncompared))


def _obstacle(before: BySeed, after: BySeed) -> str:
    """Why two rows cannot be paired; empty if they can."""
    if reason := not_paired(before, after):
        return reason
    values = [cell.values for cell in (*before.values(), *after.values())]
    # The best constant answer tells the true maps apart, but for last digits.
    truths = np.array([(of["pictures"], of["mean_answer_mse"]) for of in values], dtype=np.float64)
    if (truths[:, 0] != truths[0, 0]).any() or not np.allclose(truths[0, 1], truths[:, 1], rtol=1e-2):
        return "measured on different pictures"
    alone = values[0]["pictures"] == 1 and len({of["mse"] for of in values}) > 1
    return "one picture tells nothing about others" if alone else ""


def _change(place: Place, title: str, before: BySeed, after: BySeed) -> Change:
    seeds = sorted(before.keys() & after.keys())
    # Mean squared errors (seeds, pictures).
    old, new = (np.stack([side[seed].errors for seed in seeds]) for side in (before, after))
    change, same = picture_mean_interval(new - old), bool((old == new).all())
    return Change(place[0], "", place[1], title, tuple(seeds), float(old.mean()), float(new.mean()), change, same)
