"""Two boards of estimators are compared picture by picture, and what cannot be paired is named."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from blurbench.board.estimator_comparison import compare_estimator_boards, compare_estimators
from blurbench.board.outcomes import Estimates, estimates_of
from blurbench.errors import UnknownName, UsageError
from blurbench.store.record import Line
from tests.builders import estimated, estimator_board

GOOD, BAD = [0.1, 0.2, 0.3, 0.2], [0.4, 0.6, 0.55, 0.5]


def side(rows: dict[tuple[str, int], list[float]], variance: float = 0.7) -> Estimates:
    """A board of estimators by name and seed with their errors, picture by picture."""
    lines, records = [], {}
    for number, ((name, seed), values) in enumerate(rows.items()):
        key = f"{number:032x}"
        labels = {"dataset": "text", "test_blur": "ramp", "estimator": name, "fitted_on": "", "split": ""}
        lines.append(Line(key=key, seed=seed, labels=labels))
        records[key] = estimated(lines[-1], values, mean_answer_mse=variance)
    return estimates_of(estimator_board(lines), records)


def test_a_board_against_itself_is_the_same_everywhere() -> None:
    board = side({("one", 0): GOOD, ("two", 0): BAD})
    found = compare_estimator_boards(board, board)
    assert [one.same for one in found.blocks] == [True, True]
    assert found.losses(0.0) == []


def test_a_change_is_students_interval_of_the_paired_errors() -> None:
    (change,) = compare_estimator_boards(side({("one", 0): GOOD}), side({("one", 0): BAD})).blocks
    low, high = stats.ttest_rel(BAD, GOOD).confidence_interval(0.95)
    assert (change.before, change.after) == pytest.approx((np.mean(GOOD), np.mean(BAD)))
    assert (change.change.low, change.change.high) == pytest.approx((low, high))


def test_more_error_is_a_loss_where_the_whole_interval_is_beyond_the_growth() -> None:
    better, worse = side({("one", 0): GOOD}), side({("one", 0): BAD})
    found = compare_estimator_boards(better, worse)
    low = found.blocks[0].change.low
    assert len(found.losses(low - 0.001)) == 1
    assert found.losses(low + 0.001) == []
    assert compare_estimator_boards(worse, better).losses(0.0) == [], "a gain is no loss"


def test_what_cannot_be_paired_is_named() -> None:
    one = side({("both", 0): GOOD, ("first", 0): GOOD, ("seeds", 0): GOOD})
    other = side({("both", 0): GOOD, ("second", 0): GOOD, ("seeds", 1): GOOD})
    found = compare_estimator_boards(one, other)
    assert {(one.row, one.reason) for one in found.uncompared} == {
        ("first", "only the first has it"),
        ("second", "only the second has it"),
        ("seeds", "measured with different seeds"),
    }
    elsewhere = compare_estimator_boards(one, side({("both", 0): GOOD}, variance=0.4))
    assert "measured on different pictures" in {one.reason for one in elsewhere.uncompared}
    alone = compare_estimator_boards(side({("one", 0): [0.1]}), side({("one", 0): [0.2]}))
    assert [one.reason for one in alone.uncompared] == ["one picture tells nothing about others"]


def test_two_estimators_of_one_board_are_compared_by_the_names_of_their_rows() -> None:
    board = side({("one", 0): GOOD, ("two", 0): BAD})
    (change,) = compare_estimators(board, "one", "two").blocks
    assert (change.row, change.change.estimate > 0) == ("two against one", True)
    with pytest.raises(UnknownName, match="'tow'; did you mean 'two'"):
        compare_estimators(board, "one", "tow")
    with pytest.raises(UsageError, match="with itself"):
        compare_estimators(board, "one", "one")
