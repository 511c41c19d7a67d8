"""`blurbench run` as a user types it."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.running.tiny import write_suite


@pytest.mark.parametrize(
    ("name", "shown"),
    [("photos", "'imagefolder[path=./photos, side=96, test=1]'"), ("./a[1]'s", 'imagefolder[path="./a[1]\'s"')],
)
def test_a_folder_given_as_a_data_set_is_told_how_to_give_it(
    blurbench: Command, tmp_path: Path, name: str, shown: str
) -> None:
    (tmp_path / name).mkdir()
    result = blurbench("run", "--dataset", name)
    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    _, option = result.stderr.strip().split("to test with all of a folder: --dataset ")
    assert shown in option or shown in shlex.split(option)[0]
    (given,) = shlex.split(option)
    assert f"{tmp_path / name}: no image in" in blurbench("plan", "--dataset", given).stdout


def test_a_run_that_could_not_start_leaves_the_one_board_the_one_that_is_meant(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    results = tmp_path / "blurbench-results"
    shutil.copytree(smoked, results)
    assert blurbench("run", "--suite", "smoke", "--limit", "50", "-j", "1", "--device", "xpu:7").returncode == 2
    assert len(list((results / "boards").glob("*.json"))) == 2
    assert blurbench("leaderboard").returncode == 0
    assert blurbench("advise", "--blur", "none").returncode == 0


def test_a_run_narrowed_to_an_axis_adds_to_the_same_board(blurbench: Command, tmp_path: Path) -> None:
    few = ["run", "--suite", "smoke", "-j", "0", "--classifier", "cnn3", "--test-blur", "none"]
    assert blurbench(*few, "--strategy", "plain").returncode == 0
    assert blurbench(*few, "--strategy", "retrain").returncode == 0
    manifest = json.loads((tmp_path / "blurbench-results/boards/smoke.v1.quick.json").read_text())
    assert {line["labels"]["strategy"] for line in manifest["lines"]} == {"plain", "retrain"}


def test_with_no_jobs_a_run_starts_no_other_process(blurbench: Command, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('a Python', file=open('started', 'a'))\n")
    suite = write_suite(tmp_path, ("plain",))
    result = blurbench("run", "--suite", str(suite), "-j", "0", PYTHONPATH=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert result.stderr.splitlines()[0].endswith("2 to measure; in this process")
    assert (tmp_path / "started").read_text() == "a Python\n"


def test_a_run_that_can_measure_nothing_fails_says_why_and_leaves_no_board(blurbench: Command, tmp_path: Path) -> None:
    arguments = ["--budget", "standard", "--dataset", "mnist", "--strategy", "plain", "--classifier", "cnn3"]
    result = blurbench("run", *arguments, BLURBENCH_DATA=str(tmp_path), XDG_CACHE_HOME=str(tmp_path))
    assert result.returncode == 1
    assert "get it with 'blurbench data fetch mnist'" in result.stderr
    assert "nothing could be measured; `blurbench status` says why" in result.stderr
    assert not list(tmp_path.glob("blurbench-results/boards/mnist-family.*.md"))


def test_a_data_set_that_cannot_be_had_is_a_skipped_row_that_says_how_to_get_it(
    blurbench: Command, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path, ("plain",))
    suite.write_text(suite.read_text().replace('["digits"]', '["digits", "mnist"]'))
    result = blurbench(
        "run", "--suite", str(suite), "-j", "0", BLURBENCH_DATA=str(tmp_path), XDG_CACHE_HOME=str(tmp_path)
    )
    assert result.returncode == 0, result.stderr
    board = (tmp_path / "blurbench-results/boards/tiny.v1.quick.md").read_text()
    assert "blurbench data fetch mnist" in board


def test_seeds_are_added_while_rows_share_ranks_up_to_the_limit(blurbench: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, strategies=("plain", "retrain"))
    asked = ("run", "--suite", str(suite), "--until-separated", "--max-seeds", "4", "-j", "0", "--out", "results")

    result = blurbench(*asked)

    # After one epoch on 100 images both rows guess.
    assert result.returncode == 0, result.stderr
    told = [line for line in result.stderr.splitlines() if line.endswith("share ranks")]
    assert [line.partition(":")[0] for line in told] == ["3 seeds", "4 seeds"]
    assert "2 rows of cnn3[widths=[4, 8, 8]] share ranks" in told[0]
    records = [json.loads(path.read_text()) for path in (tmp_path / "results" / "records").rglob("*.json")]
    assert sorted({record["seed"] for record in records}) == [0, 1, 2, 3]
    assert "Seeds: 0, 1, 2, 3." in next((tmp_path / "results" / "boards").glob("*.md")).read_text()


def test_where_no_rows_share_ranks_three_seeds_are_enough(blurbench: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path, strategies=("plain",))

    result = blurbench("run", "--suite", str(suite), "--until-separated", "-j", "0", "--out", "results")

    assert result.returncode == 0, result.stderr
    assert "3 seeds: no two rows share a rank\n" in result.stderr
    records = [json.loads(path.read_text()) for path in (tmp_path / "results" / "records").rglob("*.json")]
    assert sorted({record["seed"] for record in records}) == [0, 1, 2]
