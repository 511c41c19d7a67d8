"""A suite of estimators from the command line to its board."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch
from blurbench.running.evaluate_estimator import true_sigma

from blurbench.contract import Degraded, DensePsf, GaussianPsf, SigmaMap
from blurbench.errors import PluginError, Skip
from blurbench.imaging.received import check_sigmas
from blurbench.store.store import Store
from tests.conftest import Command

SUITE = """
kind = "estimation"
name = "tiny"
version = 1
title = "Tiny"
estimators = ["constant", "cnn-sigma[classes=3, network=conv4-fc2, patches=300]"]
fitted_on = ["pictures"]
splits = ["picture", "patch"]
tested_on = ["pictures[content=text]"]
blurs = ["ramp", "gaussian[sigma=2]", "box[side=3]"]
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
    done = blurbench("run", "--suite", "tiny.toml", "-j", "1")
    assert done.returncode == 0, done.stderr
    return tmp_path / "blurbench-results"


def test_a_suite_is_measured_once_and_its_board_has_tables_and_pictures(
    blurbench: Command, results: Path, tmp_path: Path
) -> None:
    shelf = Store(results).estimations
    board = shelf.board("tiny.v1.quick")
    assert board is not None
    records = {row: shelf.record(row.key) for row in board.lines}
    states = {(row.estimator, row.blur): record.status for row, record in records.items() if record}
    assert {status for (_, blur), status in states.items() if "box" not in blur} == {"ok"}
    assert {status for (_, blur), status in states.items() if "box" in blur} == {"skipped"}
    text = (results / "boards" / "tiny.v1.quick.md").read_text()
    assert "patch split" in text
    assert "sigma is not known: the blur is no Gaussian" in text
    rows = list(csv.DictReader((results / "boards" / "tiny.v1.quick.csv").read_text().splitlines()))
    constant = next(row for row in rows if row["estimator"] == "constant" and row["blur"] == "gaussian[sigma=2]")
    assert (float(constant["mse"]), float(constant["bias"])) == (0.25, -0.5)
    assert (results / "boards" / "tiny.v1.quick.pictures-content-text-.ramp.png").stat().st_size > 5000

    again = blurbench("run", "--suite", "tiny.toml", "-j", "1")
    assert "0 to measure, 0 estimators to fit" in again.stderr
    planned = blurbench("plan", "--suite", "tiny.toml")
    assert "9 cells: 6 measured, 0 to measure" in planned.stdout

    refused = blurbench("verify")  # which replays classifiers
    assert refused.stderr.startswith("blurbench: this command is for boards of classifiers; those in ")
    assert refused.stderr.endswith("are of estimators: tiny.v1.quick\n")

    (results / "boards" / "tiny.v1.quick.md").unlink()
    published = blurbench("leaderboard", "--publish", "here")
    assert published.returncode == 0, published.stderr
    assert (tmp_path / "here" / "tiny.v1.quick.md").read_text() == text


def test_a_record_says_what_was_fitted_and_measured_and_a_forged_one_counts_as_none(results: Path) -> None:
    shelf = Store(results).estimations
    board = shelf.board("tiny.v1.quick")
    assert board is not None
    row = next(row for row in board.lines if row.split == "patch" and row.blur == "ramp")
    record = shelf.record(row.key)
    assert record is not None
    assert record.measured is not None
    assert record.measured.stride == 8
    assert len(record.fit["validation_accuracy"]) == 1
    assert record.parameters == 120_163
    assert record.measured.raw.mse > record.measured.oracle_mse > 0
    path = results / "estimations" / row.key[:2] / f"{row.key}.json"
    content = json.loads(path.read_text())
    content["measured"]["raw"]["mse"] = 0.0001
    path.write_text(json.dumps(content))
    assert shelf.record(row.key) is None


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


@pytest.mark.parametrize(
    ("option", "value", "does"),
    [("--classifier", "cnn3", "chooses nothing in it"), ("--limit", "3", "changes nothing in it; take another budget")],
)
def test_options_that_do_nothing_here_are_refused_in_one_line(
    blurbench: Command, tmp_path: Path, option: str, value: str, does: str
) -> None:
    (tmp_path / "tiny.toml").write_text(SUITE)
    result = blurbench("run", "--suite", "tiny.toml", option, value)
    assert (result.returncode, result.stderr) == (
        2,
        f"blurbench: suite tiny measures estimators: {option} {does}\n",
    )


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
