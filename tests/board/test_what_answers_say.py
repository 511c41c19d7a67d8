"""What a board says of answers beyond top-1."""

from __future__ import annotations

import pytest

from blurbench.board.render import export, markdown
from blurbench.board.schema import Row
from tests.builders import Board

LABELS = [0] * 10 + [1] * 10 + [2] * 20


def answer(board: Board, test_blur: str, strategy: str, predicted: list[int], seed: int = 0) -> None:
    hits = "".join("1" if one == other else "0" for one, other in zip(LABELS, predicted, strict=True))
    sure = [0.9 if hit == "1" else 0.4 for hit in hits]
    metrics = {"log_loss": 0.5 + seed, "brier": 0.25}
    places = {"labels": LABELS, "predicted": predicted, "confidence": sure, "seed": seed, "metrics": metrics}
    board.cell(test_blur, strategy, hits=hits, **places)  # type: ignore[arg-type]


@pytest.fixture
def answered(board: Board) -> Board:
    """`plain` loses all of class 1 and half of 2 by blur, `better` half of 1, over two seeds."""
    for seed in range(2):
        answer(board, "none", "plain", LABELS, seed)
        answer(board, "gaussian-2", "plain", [0] * 10 + [2] * 10 + [2] * 10 + [1] * 10, seed)
        answer(board, "none", "better", LABELS, seed)
        answer(board, "gaussian-2", "better", [0] * 10 + [1] * 5 + [2] * 5 + [2] * 20, seed)
    return board


def row(board: Board, strategy: str, test_blur: str = "gaussian-2") -> Row:
    (block,) = (one for one in board.standings().blocks if one.test_blur == test_blur)
    return next(one for one in block.rows if one.strategy == strategy)


def test_a_row_says_what_its_answers_say(answered: Board) -> None:
    plain, better = row(answered, "plain"), row(answered, "better")

    assert (plain.churn, better.churn) == (0.5, 0.125)
    assert (plain.worst_class, plain.worst_class_top1) == (1, 0)
    assert (better.worst_class, better.worst_class_top1) == (1, 0.5)
    assert (plain.selective_top1, row(answered, "plain", "none").selective_top1) == (1.0, 1.0)
    assert (plain.log_loss, plain.brier) == (1.0, 0.25)
    assert row(answered, "plain", "none").churn == 0


def test_recovered_and_calibration_errors_have_intervals(answered: Board) -> None:
    better = row(answered, "better")

    assert better.recovered == pytest.approx(15 / 20)
    assert better.recovered_interval is not None
    assert better.recovered_interval.estimate == pytest.approx(15 / 20)
    assert 0.4 < better.recovered_interval.low < 0.7 < 0.8 < better.recovered_interval.high < 1.1
    assert better.calibration_interval is not None
    assert better.calibration_interval.estimate == pytest.approx((0.1 * 35 + 0.4 * 5) / 40)
    (ranking,) = answered.standings().rankings
    overall = next(one for one in ranking.rows if one.strategy == "better")
    assert overall.recovered_interval == pytest.approx(better.recovered_interval)


def test_frames_and_tables_hold_them(answered: Board) -> None:
    cells = answered.outcomes.frame().set_index(["test_blur", "strategy", "seed"])
    assert cells.loc[("gaussian-2", "plain", 0), ["churn", "worst_class_top1"]].tolist() == [0.5, 0]
    classes = answered.outcomes.by_class().set_index(["test_blur", "strategy", "seed", "class"]).sort_index()
    assert classes.loc[("gaussian-2", "plain", 1)][["n", "top1"]].values.tolist() == [[10, 1], [10, 0], [20, 0.5]]
    rows = export.frame(answered.standings()).set_index(["test_blur", "strategy"])
    better = rows.loc[("gaussian-2", "better")]
    assert better["recovered_low"] < better["recovered"] < better["recovered_high"]
    assert (better["worst_class"], better["log_loss"]) == (1, 1.0)
    table = markdown.render(answered.standings()).split("### dots, cnn3, gaussian-2")[1]
    assert "| 50.0 (1)" in table
    assert "| 75 [" in table
