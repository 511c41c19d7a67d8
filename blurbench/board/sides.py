"""What can be compared with what: two boards, wherever they are, or two rows of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from blurbench.board.comparison import Comparison, compare_boards, compare_strategies
from blurbench.board.estimator_comparison import compare_estimator_boards, compare_estimators
from blurbench.board.locate import ESTIMATION, board_at, measure_of
from blurbench.board.outcomes import Estimates, Outcomes, stored_estimates, stored_outcomes
from blurbench.errors import UsageError
from blurbench.matrix.board_id import board_name
from blurbench.store.store import Store

__all__ = ["Side", "compare_rows", "compare_sides", "side_at", "sides_at"]

Side: TypeAlias = Outcomes | Estimates


def side_at(path: Path, board: str | None = None) -> Side:
    """The board that a path names: see `board_at`."""
    return _stored(*board_at(path, board))


def sides_at(first: Path, second: Path, board: str | None = None) -> tuple[Side, Side]:
    """Two boards; where a folder holds several, the one that the other holds, too."""
    own = {name: Store(path).records.boards() for name, path in (("first", first), ("second", second)) if path.is_dir()}
    one = board_at(first, board, own.get("second", []))
    other = board_at(second, board, own.get("first", []))
    return _stored(*one), _stored(*other)


def _stored(store: Store, board: str) -> Side:
    is_of_estimators = measure_of(store, board) == ESTIMATION
    return stored_estimates(store, board) if is_of_estimators else stored_outcomes(store, board)


def compare_sides(first: Side, second: Side) -> Comparison:
    """The second board against the first."""
    if isinstance(first, Outcomes) and isinstance(second, Outcomes):
        return compare_boards(first, second)
    if isinstance(first, Estimates) and isinstance(second, Estimates):
        return compare_estimator_boards(first, second)
    names = " and ".join(map(_name, (first, second)))
    raise UsageError(f"of {names}, one is a board of estimators and the other of classifiers")


def compare_rows(side: Side, named: Sequence[str], of_estimators: bool) -> Comparison:
    """Two rows of one board, the second against the first."""
    first, second = named
    if of_estimators != isinstance(side, Estimates):
        kind, option = ("classifiers", "--strategy") if of_estimators else ("estimators", "--estimator")
        raise UsageError(f"{_name(side)} is a board of {kind}: name two of its rows with {option}")
    if isinstance(side, Estimates):
        return compare_estimators(side, first, second)
    return compare_strategies(side, first, second)


def _name(side: Side) -> str:
    heading = vars(side.heading) if isinstance(side, Outcomes) else side.heading
    return board_name(*(heading[part] for part in ("suite", "suite_version", "budget")))
