"""A comparison as text."""

from __future__ import annotations

import pytest

from blurbench.board.comparison import Comparison, compare_boards
from blurbench.board.render.comparison import loss_text, text, unit_of
from tests.board.conftest import first
from tests.builders import Board


@pytest.fixture
def lost() -> Comparison:
    """40 of 100 images lost under one blur, none under the other, and a row that the first board alone has."""
    boards = Board(), Board()
    for board, right in zip(boards, (80, 40), strict=True):
        board.cell("none", "plain", hits=first(90))
        board.cell("gaussian-2", "plain", hits=first(right))
    for number in range(4):
        boards[0].cell("gaussian-2", f"old-{number}", hits=first(50))
    return compare_boards(*(board.outcomes for board in boards))


def test_what_can_be_told_apart_has_a_line_and_the_rest_is_counted(lost: Comparison) -> None:
    said = text(lost, every=False)
    assert said.startswith("2 cells compared: 1 the same, 1 told apart, 0 differ by chance or too little to tell. ")
    assert "with 95% intervals (one seed: over images only)." in said
    assert "On clean images:" not in said
    _, table = said.split("Blocks that can be told apart:\n\n")
    assert [cell.strip() for cell in table.splitlines()[2].split("|")[1:-2]][-3:] == ["plain", "80.0", "40.0"]


def test_every_block_is_shown_where_that_is_asked_for(lost: Comparison) -> None:
    said = text(lost, every=True)
    assert "On clean images:" in said
    assert "| the same" in said.split("Every block:")[1]


def test_what_was_not_compared_is_named_by_three_examples(lost: Comparison) -> None:
    last = text(lost, every=False).splitlines()[-1]
    assert last.startswith("Not compared: 4 cells, ")
    assert last.endswith("dots gaussian-2: old-0; dots gaussian-2: old-1; dots gaussian-2: old-2, and 1 more")


def test_a_loss_is_told_in_points(lost: Comparison) -> None:
    (loss,) = [change for change in lost.blocks if not change.same]
    said = loss_text(lost, loss, 5.0)
    assert said.startswith("Lost more than 5 points: dots gaussian-2, plain (cnn3): -40.0 [")
    assert unit_of(lost) == 0.01
