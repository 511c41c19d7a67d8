"""`blurbench compare`: runs and rows held against each other, of either kind of board."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.conftest import READING
from tests.conftest import Command


def test_compare_does_not_pass_where_it_compared_nothing(blurbench: Command, smoked: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(smoked, other)
    board = next((other / "boards").glob("*.json"))
    board.write_text(board.read_text().replace('"plain"', '"plane"').replace('"retrain"', '"retrained"'))
    manifest = json.loads(board.read_text())
    manifest["lines"] = [line for line in manifest["lines"] if line["labels"]["strategy"] in ("plane", "retrained")]
    board.write_text(json.dumps(manifest))
    result = blurbench("compare", str(smoked), "other", "--fail-on", "1")
    assert result.returncode == 2
    assert result.stderr == "blurbench: no cell of one has an equal in the other, so --fail-on cannot tell\n"
    assert "0 cells compared" in result.stdout
    assert blurbench("compare", str(smoked), "other").returncode == 0


def test_compare_does_not_pass_where_the_second_run_lost_cells(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(smoked, other)
    lost = next((other / "records").rglob("*.json"))
    lost.unlink()
    result = blurbench("compare", str(smoked), "other", "--fail-on", "1")
    assert result.returncode == 2
    assert "1 of the first run's cells are not in the second, so --fail-on cannot tell" in result.stderr
    assert blurbench("compare", str(smoked), "other").returncode == 0


def test_compare_fails_on_a_sure_loss(blurbench: Command, smoked: Path) -> None:
    both = ["compare", str(smoked), "--strategy", "retrain", "--strategy", "plain"]
    result = blurbench(*both, "--fail-on", "5")
    assert result.returncode == 1
    assert "Lost more than 5 points: " in result.stdout
    assert blurbench(*both, "--fail-on", "100").returncode == 0
    content = json.loads(blurbench(*both, "--json").stdout)
    assert {one["row"] for one in content["blocks"]} == {"plain against retrain on gaussian-2"}


def test_boards_of_estimators_are_compared_shown_and_counted(
    blurbench: Command, estimated: Path, tmp_path: Path
) -> None:
    same = blurbench("compare", str(estimated), str(estimated), "--fail-on", "0")
    assert same.returncode == 0, same.stderr
    assert same.stdout.startswith("6 cells compared: 6 the same")
    both = ("--estimator", "constant", "--estimator", "constant[sigma=2]")
    lost = blurbench("compare", str(estimated), *both, "--fail-on", "0.00001", "--json")
    content = json.loads(lost.stdout)
    assert lost.returncode == 1
    assert content["surely_lost"]
    assert [one["test_blur"] for one in content["blocks"]] == ["ramp", "gaussian[sigma=2]"]
    assert f"{READING}: 6 cells, 6 ok" in blurbench("status", "--out", str(estimated)).stdout
    key = next(estimated.glob("records/*/*.json")).stem
    shown = json.loads(blurbench("show", key[:12], "--out", str(estimated)).stdout)
    assert shown["result"]["measured"]["pictures"] == 2


def test_compare_says_which_kind_of_board_it_wants(blurbench: Command, smoked: Path, estimated: Path) -> None:
    mixed = blurbench("compare", str(smoked), str(estimated))
    assert mixed.stderr.endswith("one is a board of estimators and the other of classifiers\n")
    rows = blurbench("compare", str(estimated), "--strategy", "plain", "--strategy", "retrain")
    assert rows.stderr == f"blurbench: {READING} is a board of estimators: name two of its rows with --estimator\n"
    chosen = blurbench("run", "--suite", "smoke", "--estimator", "spectral")
    assert chosen.stderr == "blurbench: suite smoke measures accuracy: --estimator chooses nothing in it\n"
