"""A suite of estimators from the command line to its board."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch

from blurbench.contract import Degraded, DensePsf, GaussianPsf, SigmaMap
from blurbench.errors import PluginError, Skip
from blurbench.imaging.received import check_sigmas
from blurbench.measurements.blur_estimation.measure import true_sigma
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
