"""Two boards of estimators compared cell by cell, or two estimators of one board.

Every change is paired: same pictures, same seeds, the squared errors of the second side less those of the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from blurbench.board.comparison import ONLY_FIRST, Change, Comparison, Uncompared
from blurbench.board.estimators import BlockKey, Line, lines_of
from blurbench.errors import UnknownName, UsageError
from blurbench.metrics.mean_intervals import picture_mean_interval
from blurbench.results.estimation import Board, Estimation

__all__ = ["EstimationComparison", "compare_estimation_boards", "compare_estimators"]

Side: TypeAlias = tuple[Board, Mapping[str, Estimation]]
Cells: TypeAlias = dict[BlockKey, dict[str, dict[int, Line]]]
"""The measured lines of a board by place, title and seed."""


@dataclass(frozen=True)
class EstimationComparison(Comparison):
    """Its changes are of mean squared errors in squared pixels of sigma, so that more is worse."""

    def losses(self, drop: float) -> list[Change]:
        """Where the whole 95% interval lies above a growth of `drop`. Each is judged alone."""
        return [one for one in self.blocks if one.change.low > drop]


def compare_estimation_boards(one: Side, other: Side) -> EstimationComparison:
    """The second board against the first, rows joined by their labels."""
    before, after = _cells(*one), _cells(*other)
    places = dict.fromkeys([*before, *after])
    return _compared(
        (place, title, before.get(place, {}).get(title, {}), after.get(place, {}).get(title, {}))
        for place in places
        for title in dict.fromkeys([*before.get(place, {}), *after.get(place, {})])
    )


def compare_estimators(side: Side, one: str, other: str) -> EstimationComparison:
    """Two estimators of one board, the second against the first, each by its row's whole title."""
    cells = _cells(*side)
    known = {title for rows in cells.values() for title in rows}
    for name in (one, other):
        if name not in known:
            raise UnknownName("estimator on this board:", name, known)
    if one == other:
        raise UsageError(f"{one!r} is to be compared with itself")
    return _compared(
        (place, f"{other} against {one}", rows.get(one, {}), rows.get(other, {})) for place, rows in cells.items()
    )


def _cells(board: Board, records: Mapping[str, Estimation]) -> Cells:
    cells: Cells = {}
    for line in lines_of(board, records):
        place = cells.setdefault((line.row.tested_on, line.row.blur), {}).setdefault(line.title, {})
        if line.measured is not None:
            place[line.row.seed] = line
    return cells


def _compared(
    pairs: Iterable[tuple[BlockKey, str, Mapping[int, Line], Mapping[int, Line]]],
) -> EstimationComparison:
    changes: list[Change] = []
    uncompared: list[Uncompared] = []
    for (pictures, blur), title, one, other in pairs:
        if reason := _obstacle(one, other):
            uncompared.append(Uncompared(pictures, "", blur, title, reason))
        else:
            changes.append(_change((pictures, blur), title, one, other))
    return EstimationComparison((), (), tuple(changes), tuple(uncompared))


def _obstacle(one: Mapping[int, Line], other: Mapping[int, Line]) -> str:
    """Why two rows cannot be paired; empty if they can."""
    if not one or not other:
        return ONLY_FIRST if one else "only the second has it" if other else "neither has measured it"
    if not one.keys() & other.keys():
        return "measured with different seeds"
    measured = [line.measured for line in (*one.values(), *other.values()) if line.measured]
    first = measured[0]
    if any(
        found.pictures != first.pictures or not np.isclose(found.mean_answer_mse, first.mean_answer_mse, rtol=1e-2)
        for found in measured
    ):
        return "measured on different pictures"
    alone = first.pictures == 1 and len({found.raw.mse for found in measured}) > 1
    return "one picture tells nothing about others" if alone else ""


def _change(place: BlockKey, title: str, one: Mapping[int, Line], other: Mapping[int, Line]) -> Change:
    seeds = sorted(one.keys() & other.keys())
    before, after = (_errors([rows[seed] for seed in seeds]) for rows in (one, other))
    return Change(
        dataset=place[0],
        classifier="",
        test_blur=place[1],
        row=title,
        seeds=tuple(seeds),
        before=float(before.mean()),
        after=float(after.mean()),
        change=picture_mean_interval(after - before),
        same=bool((before == after).all()),
    )


def _errors(lines: Sequence[Line]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Mean squared errors (seeds, pictures)."""
    return np.array([line.measured.raw.per_picture for line in lines if line.measured], dtype=np.float64)
