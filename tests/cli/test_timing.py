"""`blurbench time` and `blurbench gpu` as a user types them; a GPU is rehearsed on the CPU."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--sizes", "HDD"], "unknown size 'HDD'; did you mean 'HD'?"),
        (["--family", "gausian"], "unknown blur family 'gausian'; did you mean 'gaussian, varying'?"),
        (["--only", "blurs"], "unknown part of --only 'blurs'; did you mean 'blur'?"),
        (["--out", "times.txt"], "--out times.txt: the name must end in .md"),
        (["--out", "nowhere/times.md"], "there is no folder nowhere"),
        (["--device", "abacus"], "--device abacus cannot be had"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_timed(blurbench: Command, arguments: list[str], says: str) -> None:
    result = blurbench("time", *arguments)
    assert result.returncode == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert result.stdout == ""


def test_a_first_look_gives_a_table_a_file_and_its_json(blurbench: Command, tmp_path: Path) -> None:
    arguments = ["--quick", "--only", "blur", "--sizes", "M", "--family", "diagonal", "--threads", "1"]
    result = blurbench("time", *arguments, "--out", str(tmp_path / "times.md"))
    assert result.returncode == 0, result.stderr
    assert "[1/1 " in result.stderr
    assert "| diagonal line | " in result.stdout
    text = (tmp_path / "times.md").read_text()
    assert "blurbench time --quick --only blur --sizes M --family diagonal --threads 1 --out times.md" in text
    assert str(tmp_path) not in text
    content = json.loads((tmp_path / "times.json").read_text())
    (group,) = content["groups"]
    assert group["rows"][0]["name"] == "blurbench"
    assert content["limits"]["copy"] > 0
    assert content["machine"]["threads"] == 1
    ratio = min(r["seconds"] for r in group["rows"] if not r["remark"] and "blurbench" not in r["name"])
    assert f"{ratio / group['rows'][0]['seconds']:.2f}x " in text


def test_without_the_peers_torch_remains_and_the_note_says_how_to_get_them(blurbench: Command, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for name in ("kornia", "deepinv", "cv2"):
        (hidden / f"{name}.py").write_text("raise ImportError('hidden for this test')\n")
    arguments = ["--quick", "--only", "blur", "--sizes", "M", "--family", "diagonal", "--threads", "1"]
    result = blurbench("time", *arguments, PYTHONPATH=str(hidden))
    assert result.returncode == 0, result.stderr
    assert "kornia is not installed and was left out: pip install 'blurbench[peers]'" in result.stdout
    assert "| diagonal line | " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--only", "trainings"], "unknown part of --only 'trainings'; did you mean 'training'?"),
        (["--device", "abacus"], "--device abacus: give auto, cpu, cuda"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_measured(blurbench: Command, arguments: list[str], says: str) -> None:
    result = blurbench("gpu", *arguments)
    assert result.returncode == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_device_that_is_not_there_is_one_line(blurbench: Command) -> None:
    result = blurbench("gpu", "--device", "xpu", "--minutes", "1", "--only", "hot_path")
    assert result.returncode == 2
    assert "--device xpu cannot be had: " in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def steps(results: Path, stage: str) -> dict[str, Any]:
    (found,) = [one for one in json.loads((results / "results.json").read_text())["stages"] if one["stage"] == stage]
    return {step["step"]: step for step in found["steps"]}


@pytest.mark.processes
def test_a_short_call_ends_in_time_and_the_next_one_goes_on(blurbench: Command, tmp_path: Path) -> None:
    out = tmp_path / "blurbench-gpu"
    for minutes in ("0.2", "0.2", "0.4", "0.8", "1.6"):  # beside other work a call may not get beyond its imports
        arguments = ("--device", "cpu", "--minutes", minutes, "--only", "hot_path")
        began = time.monotonic()
        result = blurbench("gpu", *arguments)
        assert time.monotonic() - began < float(minutes) * 60 + 8
        assert result.returncode == 0, result.stderr
        assert sorted(path.name for path in out.iterdir()) == ["log.txt", "report.md", "results.json"]
        first = {name: step for name, step in steps(out, "hot_path").items() if step["state"] == "ok"}
        if "limits" in first:
            break
    assert first["limits"]["value"]["copy"] > 0
    assert blurbench("gpu", *arguments).returncode == 0
    second = steps(out, "hot_path")
    assert {name: second[name] for name in first} == first
    assert len(second) > len(first)
    text = (out / "report.md").read_text()
    assert "## The hot path" in text
    assert f"blurbench gpu --device cpu --minutes {minutes} --only hot_path" in text
    assert str(tmp_path) not in text


@pytest.mark.slow
def test_two_minutes_on_a_cpu_yield_every_part(blurbench: Command, tmp_path: Path) -> None:
    began = time.monotonic()
    result = blurbench("gpu", "--device", "cpu", "--minutes", "2", "--out", "out")
    assert time.monotonic() - began < 2 * 60 + 10
    assert result.returncode == 0, result.stderr
    out = tmp_path / "out"
    files = list(out.iterdir())
    assert len(files) <= 8
    assert sum(path.stat().st_size for path in files) < 60 * 2**20
    for stage in ("checks", "hot_path", "training"):
        assert [step for step in steps(out, stage).values() if step["state"] == "ok"], stage
    with zipfile.ZipFile(out / "bundle.zip") as bundle:
        assert sum(name.startswith("records/") for name in bundle.namelist()) > 3
    merged = blurbench("leaderboard", "merge", "out/bundle.zip", "--out", "merged")
    assert merged.returncode == 0, merged.stderr
