"""Two sides are compared over what they share, and what they do not share is named."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from blurbench.board.comparison import compare_boards, compare_strategies
from blurbench.errors import UsageError
from blurbench.metrics.intervals import difference_interval
from tests.builders import Board

GOOD, BAD = "1" * 90 + "0" * 10, "1" * 60 + "0" * 40


@pytest.fixture
def board(board: Board) -> Board:
    board.cell("none", "plain", hits=GOOD)
    board.cell("none", "retrain", "gaussian-2", hits=GOOD)
    board.cell("gaussian-2", "plain", hits=BAD)
    board.cell("gaussian-2", "retrain", "gaussian-2", hits=GOOD)
    board.cell("gaussian-2", "retrain", "move", hits=BAD)
    return board


def both(one: Board, other: Board):  # type: ignore[no-untyped-def]
    return compare_boards(one.outcomes, other.outcomes)


def test_a_board_against_itself_is_the_same_everywhere(board: Board) -> None:
    found = both(board, board)
    assert len(found.blocks) == 5
    assert all(one.same and one.change.estimate == 0 for one in (*found.blocks, *found.overall, *found.clean))
    assert found.uncompared == ()
    assert found.losses(0.0) == []


def test_a_change_is_the_paired_interval_of_its_block(board: Board) -> None:
    worse = deepcopy(board)
    worse.cell("gaussian-2", "retrain", "gaussian-2", hits=BAD)
    (change,) = [one for one in both(board, worse).blocks if not one.same]
    assert (change.dataset, change.test_blur, change.row) == ("dots", "gaussian-2", "retrain on gaussian-2")
    hits = [np.array([hit == "1" for hit in text], float) for text in (BAD, GOOD)]
    assert change.change == difference_interval((hits[0] - hits[1])[None])
    assert (change.before, change.after) == (0.9, 0.6)


@pytest.mark.parametrize(("drop", "fails"), [(0.0, True), (0.1, True), (0.19, True), (0.25, False), (0.5, False)])
def test_a_loss_fails_only_if_its_whole_interval_is_beyond_the_drop(board: Board, drop: float, fails: bool) -> None:
    worse = deepcopy(board)
    worse.cell("gaussian-2", "retrain", "gaussian-2", hits=BAD)
    losses = both(board, worse).losses(drop)
    assert bool(losses) is fails
    assert all(one.change.high < -drop for one in losses)
    assert both(worse, board).losses(drop) == [], "a gain is no loss"


def test_what_only_one_side_has_and_what_cannot_be_paired_is_named(board: Board) -> None:
    other = Board()
    other.cell("none", "plain", hits=GOOD, seed=5)
    other.cell("gaussian-2", "plain", hits=BAD)
    other.cell("gaussian-2", "retrain", "gaussian-2", hits=GOOD)
    other.cell("gaussian-2", "blur-augment", "move", hits=GOOD)
    other.failure("none", "retrain", "gaussian-2", status="failed", reason="no luck")
    found = both(board, other)
    assert {(one.test_blur, one.row, one.reason) for one in found.uncompared} == {
        ("none", "plain", "measured with different seeds"),
        ("none", "retrain on gaussian-2", "only the first has it"),
        ("gaussian-2", "retrain on move", "only the first has it"),
        ("gaussian-2", "blur-augment on move", "only the second has it"),
    }


def test_other_test_images_are_not_paired(board: Board) -> None:
    other = Board()
    other.cell("none", "plain", hits=GOOD, truth=5)
    (one,) = [one for one in both(board, other).uncompared if one.row == "plain" and one.test_blur == "none"]
    assert one.reason == "measured on different test images"


def test_two_strategies_meet_where_they_share_a_training_blur_or_one_needs_none(board: Board) -> None:
    found = compare_strategies(board.outcomes, "plain", "retrain")
    assert [(one.test_blur, one.row) for one in found.blocks] == [
        ("none", "retrain on gaussian-2 against plain"),
        ("gaussian-2", "retrain on gaussian-2 against plain"),
        ("gaussian-2", "retrain on move against plain"),
    ]
    (overall,) = [one for one in found.overall if one.row == "retrain on gaussian-2 against plain"]
    assert overall.change.estimate == pytest.approx(0.3)


def test_rows_named_in_full_are_compared_across_training_blurs(board: Board) -> None:
    full = "retrain on gaussian-2", "retrain on move"
    found = compare_strategies(board.outcomes, *full)
    assert [one.row for one in found.blocks] == ["retrain on move against retrain on gaussian-2"]


def test_an_unknown_strategy_is_named_with_a_suggestion(board: Board) -> None:
    with pytest.raises(UsageError, match="'retrian'; did you mean 'retrain'"):
        compare_strategies(board.outcomes, "plain", "retrian")


def test_rows_of_equal_accuracy_that_disagree_on_images_are_not_the_same(board: Board) -> None:
    turned = deepcopy(board)
    turned.cell("gaussian-2", "retrain", "gaussian-2", hits=GOOD[::-1])
    (change,) = [one for one in both(board, turned).blocks if not one.same]
    assert (change.before, change.after, change.change.estimate) == (0.9, 0.9, 0.0)
