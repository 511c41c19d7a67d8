"""The commands as a user types them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.conftest import Command


def test_help_comes_at_once(blurbench: Command) -> None:
    seconds = []
    for _ in range(5):
        began = time.monotonic()
        result = blurbench("--help")
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 1.0  # 0.4 s on a quiet machine
    commands = ("run", "plan", "status", "ls", "show", "leaderboard", "data", "plugin")
    for command in (*commands, "validate", "submit", "compare", "replay", "verify", "advise"):
        assert f"\n  {command} " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--suite", "mnist-famly"], "unknown suite 'mnist-famly'; did you mean 'mnist-family'?"),
        (["run", "--budget", "quik"], "unknown budget of suite mnist-family: 'quik'; did you mean 'quick'?"),
        (["run", "--dataset", "digitz"], "unknown dataset in this suite: 'digitz'; did you mean 'digits'?"),
        (["run", "--suite", "nowhere.toml"], "suite file nowhere.toml does not exist"),
        (["ls", "blur"], "did you mean 'blurs'"),
        (["data", "fetch", "mnst"], "unknown dataset 'mnst'; did you mean 'mnist'?"),
        (["leaderboard", "nothing"], "no board 'nothing'"),
        (["leaderboard"], "`blurbench run` makes one"),
        (["status"], "there is no results folder"),
        (["show", "abc"], "no record begins with 'abc'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(blurbench: Command, arguments: list[str], says: str) -> None:
    result = blurbench(*arguments)
    assert result.returncode == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("blurs", "diagonal-motion"),
        ("restorers", "unet"),
        ("classifiers", "cnn3"),
        ("strategies", "deblur-then-classify"),
        ("datasets", "fashion-mnist"),
        ("estimators", "spectral"),
        ("suites", "mnist-family"),
        ("estimators", "cnn-sigma"),
    ],
)
def test_ls_shows_what_is_installed(blurbench: Command, kind: str, name: str) -> None:
    assert f"\n{name} " in "\n" + blurbench("ls", kind).stdout
    assert name in {entry["name"] for entry in json.loads(blurbench("ls", kind, "--json").stdout)}


def test_ls_in_full_gives_units_ranges_papers_origin_and_network_sizes(blurbench: Command) -> None:
    blurs = blurbench("ls", "blurs", "-v").stdout
    assert "sigma: number | Range | Choice = required, 0.05 to 30 pixels" in blurs
    assert "from blurbench 0.1.0" in blurs
    classifiers = blurbench("ls", "classifiers", "-v").stdout
    assert "network parameters: 269,002 (1x28x28, 10 classes)" in classifiers
    assert "paper: Shen" in classifiers


def test_data_ls_says_what_is_here_and_how_to_get_the_rest(blurbench: Command, tmp_path: Path) -> None:
    lines = blurbench("data", "ls", BLURBENCH_DATA=str(tmp_path), XDG_CACHE_HOME=str(tmp_path)).stdout.splitlines()
    states = {line.split()[0]: line.split()[1] for line in lines if not line.startswith(" ")}
    assert states["digits"] == states["mnist-5k"] == states["glyphs"] == states["photo-crops"] == "here"
    assert states["mnist"] == states["usps"] == states["emnist-balanced"] == "missing"
    assert any("blurbench data fetch mnist" in line for line in lines)


def test_plan_counts_without_doing(blurbench: Command, tmp_path: Path) -> None:
    result = blurbench("plan", "--suite", "smoke")
    assert result.returncode == 0, result.stderr
    assert "cells: 0 measured" in result.stdout
    assert "minutes with" in result.stdout
    assert not list((tmp_path / "blurbench-results").glob("records/*"))


def test_plan_after_a_run_finds_nothing_to_do(blurbench: Command, smoked: Path) -> None:
    result = blurbench("plan", "--suite", "smoke", "--out", str(smoked))
    assert " 0 to measure, 0 skipped" in result.stdout
    assert "minutes with" not in result.stdout


def test_status_counts_what_is_stored(blurbench: Command, smoked: Path) -> None:
    result = blurbench("status", "--out", str(smoked))
    assert result.stdout.startswith("smoke.v1.quick: ")
    assert " ok" in result.stdout


def test_show_prints_a_record_by_the_start_of_its_key(blurbench: Command, smoked: Path) -> None:
    key = next(smoked.glob("records/*/*.json")).stem
    record = json.loads(blurbench("show", key[:12], "--out", str(smoked)).stdout)
    assert record["key"] == key
    assert "images" not in record
    assert "images" in json.loads(blurbench("show", key, "--images", "--out", str(smoked)).stdout)


def test_leaderboard_writes_the_same_bytes_again_and_publishes_pictures(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    board = smoked / "boards" / "smoke.v1.quick.md"
    before = board.read_bytes()
    result = blurbench("leaderboard", "--out", str(smoked), "--publish", str(tmp_path / "published"))
    assert result.returncode == 0, result.stderr
    assert board.read_bytes() == before
    assert {path.name for path in (tmp_path / "published").iterdir()} == {
        "smoke.v1.quick.md",
        "smoke.v1.quick.csv",
        "smoke.v1.quick.html",
        "smoke.v1.quick.json",
        "smoke.v1.quick.tex",
        "smoke.v1.quick.png",
        "smoke.v1.quick.svg",
        "smoke.v1.quick.digits.gaussian-2.png",
        "README.md",
        "index.html",
    }


def test_a_run_narrowed_to_an_axis_adds_to_the_same_board(blurbench: Command, tmp_path: Path) -> None:
    few = ["run", "--suite", "smoke", "--classifier", "cnn3", "--test-blur", "none"]
    assert blurbench(*few, "--strategy", "plain").returncode == 0
    assert blurbench(*few, "--strategy", "retrain").returncode == 0
    manifest = json.loads((tmp_path / "blurbench-results/boards/smoke.v1.quick.json").read_text())
    assert {line["strategy"] for line in manifest["lines"]} == {"plain", "retrain"}


def test_a_data_set_that_cannot_be_had_is_a_skipped_row_that_says_how_to_get_it(
    blurbench: Command, tmp_path: Path
) -> None:
    arguments = ["--budget", "standard", "--dataset", "mnist", "--strategy", "plain", "--classifier", "cnn3"]
    result = blurbench("run", *arguments, BLURBENCH_DATA=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert result.returncode == 0, result.stderr
    board = (tmp_path / "blurbench-results/boards/mnist-family.v1.standard.md").read_text()
    assert "blurbench data fetch mnist" in board
