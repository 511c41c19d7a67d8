import csv
import io

import pytest

from blurbench.leaderboard.csv import rows
from blurbench.leaderboard.standings import standings


def lines(board) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(rows(standings(board.manifest, board.records, board.timings)))))


@pytest.fixture
def small(board):
    for seed in (0, 1):
        board.cell("none", "plain", hits="1110", seed=seed)
        board.cell("gaussian-2", "plain", hits="1000", seed=seed)
    board.cell("gaussian-2", "retrain", "move", hits="1100", seed=0, metrics={"observations": {"masked": 0.25}})
    board.cell("gaussian-2", "retrain", "move", hits="1110", seed=1, metrics={"observations": {"masked": 0.75}})
    return board


def test_there_is_a_line_for_each_row_of_each_block(small):
    assert [(line["test_blur"], line["strategy"], line["rank"]) for line in lines(small)] == [
        ("none", "plain", "1"),
        ("gaussian-2", "retrain", "1"),
        ("gaussian-2", "plain", "2"),
    ]


def test_a_line_holds_fractions_and_every_seed(small):
    retrain = lines(small)[1]
    assert retrain["seeds"] == "0 1"
    assert retrain["top1_by_seed"] == "0:0.500000 1:0.750000"
    assert retrain["top1"] == "0.625000"
    assert retrain["gain"] == "0.375000"
    assert retrain["calibration_error"] == "0.050000"
    assert retrain["observations"] == '{"masked": 0.5}'
    assert (retrain["is_baseline"], retrain["is_oracle"], retrain["clean"]) == ("no", "no", "")


def test_a_missing_cell_has_its_reason(small):
    small.failure("gaussian-2", "unet", status="failed", reason="two\nlines", log="logs/1.txt")
    last = lines(small)[-1]
    assert (last["strategy"], last["status"], last["reason"], last["log"]) == (
        "unet",
        "failed",
        "two lines",
        "logs/1.txt",
    )
    assert last["top1"] == ""


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@cmd"])
def test_no_text_is_taken_for_a_formula(board, label):
    board.cell("none", label, hits="1")
    assert lines(board)[0]["strategy"] == "'" + label


def test_the_same_standings_are_the_same_bytes(small):
    result = standings(small.manifest, small.records, small.timings)
    assert rows(result) == rows(result)
    assert "\r" not in rows(result)
