"""What a reader must know of a row before its figures."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from blurbench.board.render import export, markdown
from blurbench.board.render.page import render as page
from blurbench.board.schema import UNSTEADY, RankedStrategy, Row
from tests.builders import Board

TEN = [number % 10 for number in range(100)]
"""Labels: ten images of each of ten classes."""


def answers(board: Board, test_blur: str, strategy: str, predicted: Sequence[int], **rest: object) -> None:
    hits = "".join("1" if one == other else "0" for one, other in zip(TEN, predicted, strict=True))
    board.cell(test_blur, strategy, hits=hits, labels=TEN, predicted=predicted, **rest)  # type: ignore[arg-type]


def some_right(share: int, wrong: int = 1) -> list[int]:
    """The first `share` images right, the others one class too far."""
    return [label if number < share else (label + wrong) % 10 for number, label in enumerate(TEN)]


def row(board: Board, strategy: str, test_blur: str = "gaussian-2") -> Row:
    blocks = {block.test_blur: block for block in board.standings().blocks}
    return next(one for one in (*blocks[test_blur].rows, *blocks[test_blur].oracles) if one.strategy == strategy)


def overall(board: Board, strategy: str) -> RankedStrategy:
    return next(one for one in board.standings().rankings[0].rows if one.strategy == strategy)


@pytest.mark.parametrize(("right", "flags"), [(18, ("near chance on sharp images",)), (20, ())])
def test_a_row_that_learnt_next_to_nothing_is_near_chance_under_every_blur(
    board: Board, right: int, flags: tuple[str, ...]
) -> None:
    answers(board, "none", "plain", some_right(right))
    answers(board, "gaussian-2", "plain", some_right(50))

    assert row(board, "plain").flags == row(board, "plain", "none").flags == overall(board, "plain").flags == flags


@pytest.mark.parametrize(("threes", "flags"), [(91, ("predicts one class",)), (90, ())])
def test_answers_that_fall_into_one_class_are_flagged_where_they_do(
    board: Board, threes: int, flags: tuple[str, ...]
) -> None:
    answers(board, "none", "plain", TEN)
    answers(board, "gaussian-2", "plain", [3] * threes + [5] * (100 - threes))

    assert row(board, "plain").flags == flags
    assert row(board, "plain", "none").flags == ()


def test_test_images_that_are_mostly_of_one_class_may_be_told_so(board: Board) -> None:
    board.cell("none", "plain", hits="1" * 100)  # all of one class
    board.cell("gaussian-2", "plain", hits="1" * 100)

    assert row(board, "plain").flags == row(board, "plain", "none").flags == ()


def test_fits_that_were_still_improving_or_ran_out_of_time_are_flagged(board: Board) -> None:
    for seed, improving in enumerate((False, True, None)):
        answers(board, "gaussian-2", "plain", TEN, seed=seed, still_improving=improving)
    answers(board, "gaussian-2", "retrain", TEN, seed=0)
    late = "it took longer than the limit of 10 minutes"
    board.failure("gaussian-2", "retrain", status="failed", reason=late, seed=1)
    board.failure("gaussian-2", "retrain", status="failed", reason="another fault", seed=2)

    assert row(board, "plain").flags == ("fit still improving",)
    assert row(board, "retrain").flags == ("cut short by its time limit",)


def a_board_with_a_row_that_collapses(board: Board, to: int) -> Board:
    """`plain` has 80%, `shaky` 85% or, with the last seed, `to`, `better` and `best` 90 and 98%."""
    for seed in range(4):
        for strategy, right in (("plain", 80), ("shaky", 85 if seed < 3 else to), ("better", 90), ("best", 98)):
            answers(board, "none", strategy, some_right(right), seed=seed)
            answers(board, "gaussian-2", strategy, some_right(right - seed % 2), seed=seed)
    return board


def test_a_row_that_sometimes_collapses_is_unsteady_and_widens_nobody_elses_ranks(board: Board) -> None:
    shaky = a_board_with_a_row_that_collapses(board, to=20)
    ranks = {one.strategy: (one.rank_low, one.rank_high) for one in shaky.standings().rankings[0].rows}
    alone = Board()
    for key, record in shaky.records.items():
        if record.label("strategy") != "shaky":
            alone.records[key] = record
    alone.lines = [line for line in shaky.lines if line["strategy"] != "shaky"]
    wanted = {one.strategy: (one.rank_low, one.rank_high) for one in alone.standings().rankings[0].rows}

    assert ranks == {**wanted, "shaky": (None, None)}
    assert overall(shaky, "shaky").flags == row(shaky, "shaky").flags == (UNSTEADY,)
    assert overall(shaky, "best").flags == ()


def test_seeds_that_differ_by_what_seeds_differ_by_are_steady(board: Board) -> None:
    steady = a_board_with_a_row_that_collapses(board, to=77)

    assert all(one.flags == () and one.rank_low is not None for one in steady.standings().rankings[0].rows)


def test_the_first_lines_of_a_board_name_the_flagged_rows(board: Board) -> None:
    standings = a_board_with_a_row_that_collapses(board, to=20).standings()
    answers(board, "gaussian-2", "odd", [3] * 100)

    text = markdown.render(standings)
    assert "- **Unsteady over seeds**: shaky\n" in text.split("## Overall")[0]
    assert "Unsteady over seeds: shaky\n" in markdown.summary(standings)
    answers(board, "none", "odd", TEN)
    assert "**Predicts one class**: odd (in 1 of 2 tests)\n" in markdown.render(board.standings())
    assert "<strong>Unsteady over seeds</strong>: shaky." in page(standings)
    (line,) = [line for line in text.split("## What blur costs")[0].splitlines() if line.startswith("| - ")]
    assert "shaky" in line
    assert "unsteady over seeds" in line
    flags = export.frame(standings).set_index(["test_blur", "strategy"])["flags"]
    assert flags["gaussian-2", "shaky"] == "unsteady over seeds"
    assert export.parse(export.render(standings), "board.json") == standings
