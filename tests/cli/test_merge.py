"""`blurbench leaderboard merge`: what was measured in one place comes onto a board in another."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.cli.conftest import BOARD, READING
from tests.conftest import Command


def test_a_bundle_made_in_one_place_is_validated_and_merged_in_another(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    dry = blurbench("submit", "--out", str(smoked))
    assert "records: 24 files" in dry.stdout
    assert "command: blurbench run --suite smoke" in dry.stdout
    assert list(tmp_path.iterdir()) == [], "nothing is written without --write"
    assert blurbench("submit", "--out", str(smoked), "--write", "bundle.zip").returncode == 0
    checked = blurbench("validate", "bundle.zip")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.startswith("Sound: 24 measured cells, 0 without a measurement")
    merged = blurbench("leaderboard", "merge", "bundle.zip", "--out", "other")
    assert merged.returncode == 0, merged.stderr
    assert f"{BOARD}: 24 cells added, 0 were here already." in merged.stdout
    assert (tmp_path / f"other/boards/{BOARD}.md").read_bytes() == (smoked / f"boards/{BOARD}.md").read_bytes()
    compared = blurbench("compare", str(smoked), "other", "--fail-on", "0")
    assert compared.returncode == 0
    assert compared.stdout.startswith("24 cells compared: 24 the same, 0 told apart")


def test_an_estimator_of_ones_own_comes_onto_somebody_elses_board(
    blurbench: Command, box: Path, estimated: Path, tmp_path: Path
) -> None:
    chosen = ("--suite", "kernel-estimation", "--dataset", "text", "--test-blur", "ramp", "--estimator", "step-width")
    own = {"PYTHONPATH": str(box)}
    done = blurbench("run", *chosen, "--out", "mine", "-j", "0", **own)
    assert done.returncode == 0, done.stderr
    assert "records: 1 file, " in blurbench("submit", "--out", "mine", "--write", "bundle.zip", **own).stdout
    checked = blurbench("validate", "bundle.zip", **own)
    assert (checked.returncode, checked.stdout.splitlines()[0][:25]) == (0, "Sound: 1 measured cell, 0")
    shutil.copytree(estimated, tmp_path / "theirs")
    lacking = blurbench("leaderboard", "merge", "bundle.zip", "--out", "theirs")
    assert lacking.returncode == 1
    assert "estimator: unknown estimator 'step-width'" in lacking.stdout
    merged = blurbench("leaderboard", "merge", "bundle.zip", "--out", "theirs", **own)
    assert merged.returncode == 0, merged.stderr
    assert f"{READING}: 1 cells added, 0 were here already." in merged.stdout
    text = (tmp_path / "theirs" / "boards" / f"{READING}.md").read_text()
    assert "| step-width " in text
    assert "| laplacian-variance " in text
    told = blurbench("compare", "theirs", "--estimator", "step-width", "--estimator", "constant", "--all")
    assert told.stdout.startswith("1 cells compared: 0 the same")
    assert "squared pixels of sigma: less is better" in told.stdout
