"""What another version of blurbench made, or what cannot be read, is never replaced."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command

Change = Callable[[Path], None]


def _with(**fields: Any) -> Change:
    def change(path: Path) -> None:
        path.write_text(json.dumps({**json.loads(path.read_bytes()), **fields}))

    return change


def _of_an_older_plugin(path: Path) -> None:
    content = json.loads(path.read_bytes())
    content["axes"]["strategy"]["config"]["revision"] = 0
    path.write_text(json.dumps(content))


def _with_a_field_inside(path: Path) -> None:
    content = json.loads(path.read_bytes())
    content["result"]["calibration"] = 0.5
    path.write_text(json.dumps(content))


def _of_another_measurement(path: Path) -> None:
    content = json.loads(path.read_bytes())
    content["result"]["measure"] = "detection"
    path.write_text(json.dumps(content))


def _a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.fixture
def results(smoked: Path, tmp_path: Path) -> Path:
    return shutil.copytree(smoked, tmp_path / "blurbench-results")


@pytest.mark.parametrize(
    "change",
    [
        _with(schema_version=7),
        _with(schema_version=0),
        _with(a_new_field=1),
        _of_an_older_plugin,
        _a_pipe,
        _with_a_field_inside,
        _of_another_measurement,
        _with(schema_version="3.1"),
    ],
    ids=[
        "newer",
        "older",
        "one field more",
        "another revision",
        "a pipe",
        "one field more inside",
        "another measurement",
        "a version of another form",
    ],
)
def test_what_was_not_made_by_this_version_is_left_alone(results: Path, blurbench: Command, change: Change) -> None:
    path = sorted((results / "records").glob("*/*.json"))[0]
    change(path)
    before = path.read_bytes() if path.is_file() else b""

    run = blurbench("run", "--suite", "smoke", "-j", "0")

    assert "made by another version of blurbench" in run.stderr
    assert path.name in run.stderr
    assert (path.read_bytes() if path.is_file() else b"") == before
    assert "measured again" not in run.stderr.replace("to have it measured again", "")


def test_a_record_that_is_damaged_is_measured_again(results: Path, blurbench: Command) -> None:
    path = sorted((results / "records").glob("*/*.json"))[0]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    run = blurbench("run", "--suite", "smoke", "-j", "0")

    assert "1 stored record is damaged or changed: measured again" in run.stderr
    assert json.loads(path.read_bytes())["key"] == path.stem


def test_a_record_states_its_version_even_where_that_is_the_default(results: Path) -> None:
    for path in (results / "records").glob("*/*.json"):
        assert json.loads(path.read_bytes())["schema_version"] == 2


@pytest.mark.parametrize("kind", ["boards", "timings"])
def test_boards_and_timings_of_another_version_are_left_alone(results: Path, blurbench: Command, kind: str) -> None:
    path = sorted((results / kind).glob("*.json"))[0]
    _with(schema_version=7, a_new_field=1)(path)
    before = path.read_bytes()

    run = blurbench("run", "--suite", "smoke", "-j", "0", "--rerun", "failed")

    assert path.read_bytes() == before
    assert f"{path} was made by another version of blurbench" in run.stderr
    assert "Traceback" not in run.stderr
    assert run.returncode != 0
