"""Whether more seeds might separate rows."""

from __future__ import annotations

import pytest

from blurbench.board.schema import RowKey
from blurbench.board.separation import next_seeds, sharing
from tests.builders import Board


@pytest.mark.parametrize(("seeds", "most", "wanted"), [(3, 10, 5), (5, 10, 8), (8, 10, 10), (3, 4, 4), (3, 3, 3)])
def test_half_as_many_seeds_more_are_tried_next(seeds: int, most: int, wanted: int) -> None:
    assert next_seeds(seeds, most) == wanted


def filled(board: Board, **right: int) -> Board:
    """Rows of a classifier by how many of 400 images each seed has right; the last of them wrong."""
    for seed in range(3):
        for strategy, count in right.items():
            for blur in ("none", "gaussian-2"):
                board.cell(blur, strategy, hits="1" * count + "0" * (400 - count), seed=seed)
    return board


def test_rows_that_are_told_apart_share_nothing(board: Board) -> None:
    assert sharing(filled(board, plain=200, retrain=300, better=390).standings(), "cnn3") == []


def test_rows_that_cannot_be_told_apart_are_named_and_no_others(board: Board) -> None:
    shared = sharing(filled(board, plain=200, retrain=300, better=301).standings(), "cnn3")

    assert shared == [RowKey("better", ""), RowKey("retrain", "")]


def test_a_control_that_answers_alike_never_separates_and_is_not_waited_for(board: Board) -> None:
    assert sharing(filled(board, plain=200, retrain=300, twin=300).standings(), "cnn3") == []


def test_a_row_that_is_unsteady_is_not_waited_for(board: Board) -> None:
    for seed in range(3):
        for blur in ("none", "gaussian-2"):
            count = (50, 390, 380)[seed]
            board.cell(blur, "shaky", hits="1" * count + "0" * (400 - count), seed=seed)

    assert sharing(filled(board, plain=200, retrain=300).standings(), "cnn3") == []
