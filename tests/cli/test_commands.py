"""The commands as a user types them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from pathlib import Path

import pytest

from tests.conftest import Command
from tests.running.tiny import write_suite


def test_help_comes_at_once(fresh: Command) -> None:
    seconds = []
    for _ in range(3):
        before = os.times()
        result = fresh("--help")
        after = os.times()
        seconds.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(seconds) < 1.0  # of the processor, whatever else it does; 0.4 s on a quiet machine
    commands = ("run", "plan", "status", "ls", "show", "leaderboard", "data", "plugin")
    for command in (*commands, "validate", "submit", "compare", "replay", "verify", "advise"):
        assert f"\n  {command} " in result.stdout


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


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["run", "--suite", "mnist-famly"], "unknown suite 'mnist-famly'; did you mean 'mnist-family'?"),
        (["run", "--budget", "quik"], "unknown budget of suite mnist-family: 'quik'; did you mean 'quick'?"),
        (["run", "--dataset", "digitz"], "unknown dataset in this suite: 'digitz'; did you mean 'digits'?"),
        (
            ["run", "--dataset", "./mine"],
            ". A place is a parameter: imagefolder[path=./mine], paired-images[path=./mine]",
        ),
        (["run", "--device", "gpu"], "--device gpu: give auto, cpu, cuda, or one GPU of several, such as cuda:1"),
        (["run", "--suite", "nowhere.toml"], "suite file nowhere.toml does not exist"),
        (["run", "--max-seeds", "5"], "--max-seeds is for --until-separated; --seeds N measures N of them"),
        (["run", "--until-separated", "--slurm", "2"], "--until-separated looks at the board between rounds"),
        (["run", "--until-separated", "-s", "kernel-estimation"], "kernel-estimation does not"),
        (["ls", "blur"], "did you mean 'blurs'"),
        (["data", "fetch", "mnst"], "unknown dataset 'mnst'; did you mean 'mnist'?"),
        (["leaderboard", "nothing"], "no board 'nothing'"),
        (["leaderboard"], "`blurbench run` makes one"),
        (["submit"], "there is no board in "),
        (["verify", "nothing"], "no board 'nothing' in "),
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


def test_ls_says_what_a_strategy_does_and_in_full_what_else_is_to_know(blurbench: Command) -> None:
    entries = json.loads(blurbench("ls", "strategies", "--json").stdout)
    (first_n,) = [entry for entry in entries if entry["name"] == "first-n"]
    assert "its first n units, on blurred images" in first_n["summary"]
    assert first_n["note"].startswith("Frozen means")
    shown = blurbench("ls", "strategies").stdout
    assert first_n["summary"] in shown
    assert first_n["note"] not in shown
    assert f"\n    {first_n['note']}\n" in blurbench("ls", "strategies", "-v").stdout


def test_a_terminal_without_a_sign_and_a_file_for_a_folder_are_no_traceback(
    blurbench: Command, fresh: Command, smoked: Path, tmp_path: Path
) -> None:
    assert "(pixel ? disc)" in fresh("ls", "blurs", PYTHONIOENCODING="latin-1").stdout
    (tmp_path / "file").touch()
    refused = blurbench("leaderboard", "--out", str(smoked), "--publish", "file")
    assert refused.stderr == "blurbench: file: this is a file; a folder is wanted\n"


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
    assert "MiB of disk" in result.stdout
    assert not list((tmp_path / "blurbench-results").glob("records/*"))


def test_plan_after_a_run_finds_nothing_to_do(blurbench: Command, smoked: Path) -> None:
    result = blurbench("plan", "--suite", "smoke", "--out", str(smoked))
    assert " 0 to measure, 0 skipped" in result.stdout
    assert "MiB of disk" not in result.stdout


def test_status_counts_what_is_stored(blurbench: Command, smoked: Path) -> None:
    result = blurbench("status", "--out", str(smoked))
    assert result.stdout.startswith("smoke.v1.quick: ")
    assert " ok" in result.stdout


def test_a_run_that_could_not_start_leaves_the_one_board_the_one_that_is_meant(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    results = tmp_path / "blurbench-results"
    shutil.copytree(smoked, results)
    assert blurbench("run", "--suite", "smoke", "--limit", "50", "-j", "1", "--device", "xpu:7").returncode == 2
    assert len(list((results / "boards").glob("*.json"))) == 2
    assert blurbench("leaderboard").returncode == 0
    assert blurbench("advise", "--blur", "none").returncode == 0


def test_a_damaged_manifest_is_named_and_the_run_writes_it_again(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    shutil.copytree(smoked, tmp_path / "blurbench-results")
    (tmp_path / "blurbench-results" / "boards" / "smoke.v1.quick.json").write_text("{")
    refused = blurbench("leaderboard")
    assert refused.returncode == 2
    assert "the manifest of board 'smoke.v1.quick' is damaged; the run that made it writes it again" in refused.stderr
    assert blurbench("run", "--suite", "smoke", "-j", "0").returncode == 0
    assert blurbench("leaderboard").returncode == 0


def test_show_prints_a_record_by_the_start_of_its_key(blurbench: Command, smoked: Path) -> None:
    key = next(smoked.glob("records/*/*.json")).stem
    record = json.loads(blurbench("show", key[:12], "--out", str(smoked)).stdout)
    assert record["key"] == key
    assert "images" not in record["result"]
    assert "images" in json.loads(blurbench("show", key, "--images", "--out", str(smoked)).stdout)["result"]


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
