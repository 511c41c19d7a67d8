"""What can be compared with what."""

from __future__ import annotations

from pathlib import Path

import pytest

from blurbench.board.outcomes import Estimates, Outcomes, estimates_of
from blurbench.board.sides import compare_rows, compare_sides, side_at, sides_at
from blurbench.errors import UsageError
from blurbench.store.record import Line
from tests.builders import Board, estimated, estimator_board


@pytest.fixture
def read() -> Estimates:
    """A board of estimators with one cell."""
    axes = {"estimator": "spectral", "dataset": "text", "test_blur": "ramp", "fitted_on": "", "split": ""}
    line = Line(key="ab" * 16, seed=0, labels=axes)
    return estimates_of(estimator_board([line]), {line.key: estimated(line, [0.1, 0.2])})


@pytest.fixture
def folder(board: Board, tmp_path: Path) -> Path:
    board.cell("gaussian-2", "plain", hits="1100")
    board.cell("gaussian-2", "retrain", "gaussian-2", hits="1110")
    board.stored(tmp_path, "one")
    board.stored(tmp_path, "two")
    return tmp_path


def test_the_board_that_both_sides_hold_is_compared(folder: Path) -> None:
    first, second = sides_at(folder, folder / "boards" / "two.json", "two")
    assert isinstance(first, Outcomes)
    assert compare_sides(first, second).blocks[0].same


def test_a_row_is_compared_with_another_of_its_board(folder: Path) -> None:
    (block,) = compare_rows(side_at(folder, "one"), ["plain", "retrain"], of_estimators=False).blocks
    assert block.change.estimate == pytest.approx(0.25)


def test_boards_of_two_kinds_cannot_be_compared(folder: Path, read: Estimates) -> None:
    with pytest.raises(UsageError, match=r"of mini\.v3\.quick and s\.v1\.quick, one is a board of estimators"):
        compare_sides(side_at(folder, "one"), read)
    with pytest.raises(UsageError, match=r"s\.v1\.quick is a board of estimators: name two of its rows with"):
        compare_rows(read, ["plain", "retrain"], of_estimators=False)
    with pytest.raises(UsageError, match=r"mini\.v3\.quick is a board of classifiers: name two of its rows with"):
        compare_rows(side_at(folder, "one"), ["spectral", "constant"], of_estimators=True)
