"""One forged label list does not stop a board, and does not get onto it."""

from __future__ import annotations

import pytest

from blurbench.board.outcomes import outcomes_of
from blurbench.board.standings import standings
from blurbench.results.agreement import dissenters, without_dissenters
from tests.builders import Board


@pytest.fixture
def board() -> Board:
    return Board()


def test_records_that_agree_all_stay(board: Board) -> None:
    board.cell("none", "plain", hits="1110")
    board.cell("gaussian-2", "plain", hits="1000")
    assert without_dissenters(board.manifest, board.records) == board.records


def test_the_record_with_other_test_labels_is_a_row_with_a_reason(board: Board) -> None:
    board.cell("none", "plain", hits="1110")
    board.cell("gaussian-2", "plain", hits="1000")
    forged = board.cell("gaussian-2", "miracle", hits="1111", truth=4)
    assert list(dissenters(board.records.values())) == [forged.key]
    records = without_dissenters(board.manifest, board.records)
    (block,) = [
        one for one in standings(outcomes_of(board.manifest, records, {})).blocks if one.test_blur == "gaussian-2"
    ]
    assert [row.strategy for row in block.rows] == ["plain"]
    (missing,) = block.missing
    assert (missing.strategy, missing.status) == ("miracle", "failed")
    assert missing.reason == "refused: its test labels are not those of 2 other records of dots"


def test_where_as_many_say_one_thing_as_another_the_first_is_believed(board: Board) -> None:
    board.cell("none", "plain", hits="1110")
    second = board.cell("none", "retrain", hits="1111", truth=4)
    assert list(dissenters(board.records.values())) == [second.key]


def test_data_sets_are_judged_apart(board: Board) -> None:
    board.cell("none", "plain", hits="1110")
    board.cell("none", "plain", hits="111011", truth=5, dataset="stripes")
    assert dissenters(board.records.values()) == {}
