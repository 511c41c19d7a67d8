"""A suite of estimators from the command line to its board."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from blurbench_datasets.pictures import Pictures
from blurbench_estimators.constant import Constant

from blurbench.contract import Degraded, DensePsf, GaussianPsf, SigmaMap
from blurbench.errors import PluginError, Skip
from blurbench.imaging.received import check_sigmas
from blurbench.measurements.blur_estimation.measure import _flat, _measured, true_sigma
from blurbench.store.store import Store
from tests.conftest import Command

SUITE = """
measure = "blur-estimation"
name = "tiny"
version = 1
title = "Tiny"
estimators = ["constant", "cnn-sigma[classes=3, network=conv4-fc2, patches=300]"]
fitted_on = ["pictures"]
splits = ["picture", "patch"]
datasets = ["pictures[content=text]"]
test_blurs = ["ramp", "gaussian[sigma=2]", "box[side=3]"]
stride = 8
[labels]
ramp = "chain[steps=[varying-gaussian, round-8bit]]"
[budgets.quick]
epochs = 1
train_images = 5
validation_images = 2
"""


@pytest.fixture
def results(blurbench: Command, tmp_path: Path) -> Path:
    (tmp_path / "tiny.toml").write_text(SUITE)
    done = blurbench("run", "--suite", "tiny.toml", "-j", "0")
    assert done.returncode == 0, done.stderr
    return tmp_path / "blurbench-results"


def test_a_suite_is_measured_once_and_its_board_has_tables_and_pictures(
    blurbench: Command, results: Path, tmp_path: Path
) -> None:
    records = Store(results).records
    board = records.board("tiny.v1.quick")
    assert board is not None
    found = [(line, records.get(line.key)) for line in board.lines]
    states = {(line["estimator"], line["test_blur"]): record.status for line, record in found if record}
    assert {status for (_, blur), status in states.items() if "box" not in blur} == {"ok"}
    assert {status for (_, blur), status in states.items() if "box" in blur} == {"skipped"}
    text = (results / "boards" / "tiny.v1.quick.md").read_text()
    assert "patch split" in text
    assert "sigma is not known: the blur is no Gaussian" in text
    rows = list(csv.DictReader((results / "boards" / "tiny.v1.quick.csv").read_text().splitlines()))
    constant = next(row for row in rows if row["estimator"] == "constant" and row["test_blur"] == "gaussian[sigma=2]")
    assert (float(constant["mse"]), float(constant["bias"])) == (0.25, -0.5)
    assert (results / "boards" / "tiny.v1.quick.pictures-content-text-.ramp.png").stat().st_size > 5000

    again = blurbench("run", "--suite", "tiny.toml", "-j", "0")
    assert "9 cells, 0 to measure" in again.stderr
    planned = blurbench("plan", "--suite", "tiny.toml")
    assert "9 cells: 6 measured, 0 to measure" in planned.stdout

    verified = blurbench("verify", "--sample", "100%")
    assert "tiny.v1.quick: 6 same (6 sampled with seed 0" in verified.stdout, verified.stdout
    refused = blurbench("advise", "--blur", "box")
    assert refused.stderr == ("blurbench: this command is for boards of classifiers; tiny.v1.quick is of estimators\n")

    (results / "boards" / "tiny.v1.quick.md").unlink()
    published = blurbench("leaderboard", "--publish", "here")
    assert published.returncode == 0, published.stderr
    assert (tmp_path / "here" / "tiny.v1.quick.md").read_text() == text


def test_a_record_says_what_was_fitted_and_measured_and_a_forged_one_counts_as_none(results: Path) -> None:
    records = Store(results).records
    board = records.board("tiny.v1.quick")
    assert board is not None
    line = next(line for line in board.lines if line["split"] == "patch" and line["test_blur"] == "ramp")
    record = records.get(line.key)
    assert record is not None
    found = record.estimation
    assert found.measured.stride == 8
    assert len(found.fit["validation_accuracy"]) == 1
    assert found.parameters == 120_163
    assert found.measured.raw.mse > found.measured.oracle_mse > 0
    path = records.path(line.key)
    content = json.loads(path.read_text())
    content["result"]["measured"]["raw"]["mse"] = 0.0001
    path.write_text(json.dumps(content))
    assert records.get(line.key) is None


def test_fitted_estimators_of_a_suite_in_a_file_are_sent_to_others(
    blurbench: Command, results: Path, tmp_path: Path
) -> None:
    sent = blurbench("submit", "--write", "bundle.zip")
    assert sent.returncode == 0, sent.stderr
    assert "stays here: 3 cells that are skipped" in sent.stdout
    checked = blurbench("validate", "bundle.zip", "--out", str(results))
    assert checked.stdout == (
        "Sound: 6 measured cells, 0 without a measurement, 0 timings, 1 board. Refused: 0.\n"
        "Not checked: suite tiny version 1 is not installed here, so what its labels mean was not checked\n"
    )
    merged = blurbench("leaderboard", "merge", "bundle.zip", "--out", "other")
    assert merged.returncode == 0, merged.stderr
    rows = [(tmp_path / folder / "boards" / "tiny.v1.quick.csv").read_text() for folder in ("other", results.name)]
    assert rows[0] == rows[1]


def test_an_estimator_that_answers_beyond_its_limits_fails_its_cell() -> None:
    said = torch.tensor([[[0.5, 3.2]]])
    check_sigmas("the estimator", said, tuple(said.shape), (0.0, 3.3))
    with pytest.raises(PluginError, match=r"the estimator gave 0\.5 to 3\.2, beyond its limits 0 to 3"):
        check_sigmas("the estimator", said, tuple(said.shape), (0.0, 3.0))


def test_an_axis_that_the_suite_does_not_have_is_refused_in_one_line(blurbench: Command, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(SUITE)
    result = blurbench("run", "--suite", "tiny.toml", "--classifier", "cnn3")
    says = "blurbench: suite tiny measures blur-estimation: --classifier chooses nothing in it\n"
    assert (result.returncode, result.stderr) == (2, says)


def test_seeds_a_limit_and_what_it_is_fitted_on_are_chosen_as_for_classifiers(
    blurbench: Command, tmp_path: Path
) -> None:
    (tmp_path / "tiny.toml").write_text(SUITE)
    chosen = ("--limit", "3", "--seeds", "2", "--fitted-on", "pictures")
    result = blurbench("plan", "--suite", "tiny.toml", *chosen)
    # What is fitted has two seeds: two splits, three blurs; the constant has one.
    assert "tiny version 1, budget quick[train_images=3]\n  15 cells: 0 measured, 15 to measure" in result.stdout


@pytest.mark.parametrize(("option", "what"), [("--dataset", "dataset"), ("--test-blur", "test blur")])
def test_an_unknown_name_is_called_as_its_option_is(blurbench: Command, tmp_path: Path, option: str, what: str) -> None:
    (tmp_path / "tiny.toml").write_text(SUITE)
    result = blurbench("plan", "--suite", "tiny.toml", option, "nosuch")
    assert result.stderr.startswith(f"blurbench: unknown {what} in this suite: 'nosuch'; known: ")


def test_the_truth_is_read_off_the_psf() -> None:
    images = torch.zeros(2, 1, 4, 5)
    sigma = torch.rand(2, 4, 5)
    torch.testing.assert_close(true_sigma(Degraded(images, SigmaMap(sigma))), sigma.double())
    uniform = true_sigma(Degraded(images, GaussianPsf(torch.tensor([1.0, 2.0]))))
    assert uniform.shape == (2, 4, 5)
    assert uniform[:, 0, 0].tolist() == [1.0, 2.0]
    with pytest.raises(Skip, match="no Gaussian"):
        true_sigma(Degraded(images, DensePsf(torch.ones(2, 1, 1))))


# --- what becomes of readings --------------------------------------------------------------------------------------


def test_a_ramp_is_compared_with_sigma_at_the_centres_of_the_windows(results: Path) -> None:
    """The constant says 1.5 everywhere, and the ramp rises from 0.1 to 3 over the columns."""
    records = Store(results).records
    board = records.board("tiny.v1.quick")
    assert board is not None
    key = next(line.key for line in board.lines if (line["estimator"], line["test_blur"]) == ("constant", "ramp"))
    record = records.get(key)
    assert record is not None
    found = record.estimation.measured
    width = Pictures("text").load(()).test.images.shape[-1]
    truth = np.linspace(0.1, 3.0, width)[16 : width - 15 : 8]
    assert found.raw.bias == pytest.approx(1.5 - truth.mean(), abs=1e-6)
    assert found.raw.mse == pytest.approx(np.square(1.5 - truth).mean(), abs=1e-6)
    assert found.smoothed == found.raw, "a constant is as smooth as it gets"
    assert found.mean_answer_mse == pytest.approx(truth.var(), abs=1e-6)


def test_what_is_read_of_flat_windows_is_told_apart_and_smoothing_counts() -> None:
    """Two pictures, flat on the left: read 1 too much there, and elsewhere 0.5 too much or too little in turns."""
    truth = torch.linspace(1.0, 2.0, 40)[None, None].expand(2, 20, 40)
    is_flat = (torch.arange(40) < 20).expand(2, 20, 40)
    turns = torch.where(torch.arange(40) % 2 == 0, 0.5, -0.5)
    read = truth + torch.where(is_flat, torch.ones(()), turns)
    found, smooth = _measured(Constant(1.5), read, truth, is_flat, stride=1, span=3)
    assert found.flat_share == 0.5
    assert found.flat_bias == pytest.approx(1.0)
    assert found.flat_biases == pytest.approx([1.0, 1.0])
    assert found.textured_mse == pytest.approx(0.25)
    assert found.raw.bias == pytest.approx(0.5)
    assert found.raw.mse == pytest.approx((1.0 + 0.25) / 2)
    assert found.smoothed.mse == pytest.approx(float((smooth - truth).square().mean()))
    assert found.smoothed.mse < found.raw.mse - 0.1
    assert found.oracle_mse == pytest.approx(float((truth - 1.5).square().mean())), "it can only say 1.5"


def test_a_window_without_any_contrast_is_flat_and_one_with_an_edge_is_not() -> None:
    picture = torch.full((1, 3, 40, 80), 0.5)
    picture[..., 60:] = 1.0
    flat = _flat(picture, window=16, stride=8)
    assert flat.shape == (1, 4, 9)
    # Windows begin at columns 0, 8 ... 64: those from 48 and 56 hold the edge at 60.
    assert flat[0].all(0).tolist() == [True] * 6 + [False, False, True]
    assert torch.equal(flat[0].all(0), flat[0].any(0))
