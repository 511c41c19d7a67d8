import csv
import io

import pytest

from blurbench.board.render.export import to_csv


def lines(board) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(to_csv(board.standings()))))


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


def test_seeds_are_told_one_by_one_with_their_share_of_the_variance(small):
    retrain = lines(small)[1]
    assert retrain["gain_by_seed"] == "0:0.250000 1:0.500000"
    assert 0 < float(retrain["gain_seed_share"]) <= 1
    assert 0 < float(retrain["top1_seed_share"]) <= 1


def test_one_seed_has_no_share(board):
    board.cell("none", "plain", hits="1110")
    (plain,) = lines(board)
    assert (plain["top1_seed_share"], plain["gain_by_seed"]) == ("", "")


def test_ranks_controls_and_costs_have_columns(board):
    board.specs["nothing"] = {"name": "deblur-then-classify", "restorer": {"name": "identity"}}
    board.specs["oracle"] = {"name": "deblur-then-classify", "restorer": {"name": "wiener"}}
    board.specs["wrong"] = {
        "name": "deblur-then-classify",
        "restorer": {"name": "estimate-then-deconvolve", "estimator": {"name": "constant", "sigma": 1.5}},
    }
    for strategy in ("plain", "nothing", "wrong"):
        board.cell("gaussian-2", strategy, hits="1100")
    board.cell("gaussian-2", "oracle", hits="1111", knows="true PSF")
    found = {line["strategy"]: line for line in lines(board)}
    assert {name: line["control"] for name, line in found.items()} == {
        "plain": "",
        "nothing": "identity",
        "wrong": "wrong PSF",
        "oracle": "right PSF",
    }
    assert (found["plain"]["rank_low"], found["plain"]["rank_high"]) == ("1", "3")
    assert (found["plain"]["macs"], found["plain"]["fit_steps"], found["plain"]["on_front"]) == ("", "", "")
    assert found["oracle"]["rank_low"] == ""


def test_a_blurred_row_has_its_corruption_errors_and_its_curve(ladder):
    found = {(line["strategy"], line["test_blur"]): line for line in lines(ladder)}
    line = found["retrain", "gaussian-4"]
    assert (line["ce"], line["mce"], line["ce_reference"]) == ("0.533333", "0.533333", "plain of cnn3")
    assert (line["severity"], line["fitted_at"], line["half_at"], line["half_reached"]) == (
        "4.000000",
        "2.000000",
        "4.000000",
        "no",
    )
    assert found["retrain", "none"]["mce"] == ""


def test_the_same_standings_are_the_same_bytes(small):
    result = small.standings()
    assert to_csv(result) == to_csv(result)
    assert "\r" not in to_csv(result)


def test_the_best_row_of_a_blurred_block_is_marked_as_chosen_on_test(small):
    small.cell("gaussian-2", "oracle", hits="1111", knows="true PSF")
    marks = {(line["test_blur"], line["strategy"]): line["headroom_chosen_on_test"] for line in lines(small)}
    assert marks == {
        ("none", "plain"): "",
        ("gaussian-2", "plain"): "no",
        ("gaussian-2", "retrain"): "yes",
        ("gaussian-2", "oracle"): "no",
    }
