"""One small run by the command line, with plugins that say what they were given, for all tests of a process to read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SUITE = """
name = "witness"
version = 1
title = "What a run gives to whom"
test_seed = 5
datasets = ["witness-data"]
train_blurs = ["witness-blur"]
test_blurs = ["none", "witness-blur"]
[[matrix]]
classifiers = ["cnn3[widths=[4, 4, 4]]"]
strategies = [
    "plain", "witness", "witness[told=true]", "witness[offset=5]", "retrain",
    "deblur-then-classify[restorer=witness-restorer, classifier=clean]",
]
[budgets.quick]
train_images = 80
validation_images = 40
test_images = 280
epochs = 3
restorer_epochs = 2
"""

Script = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Witnessed:
    """A results folder and what the plugins said while it was made."""

    folder: Path
    lines: list[dict[str, Any]]
    stdout: str

    def said(self, what: str, **where: Any) -> list[dict[str, Any]]:
        """The lines of a kind in which these fields are so."""
        return [
            line
            for line in self.lines
            if line["what"] == what and all(line[name] == value for name, value in where.items())
        ]

    def record(self, key: str) -> dict[str, Any]:
        """What a record file says: of its cell, and what was measured."""
        return _flat(next((self.folder / "records").rglob(f"{key}.json")))

    def records(self, strategy: str, test_blur: str) -> dict[int, dict[str, Any]]:
        """The same of a row's record files, by seed."""
        files = map(_flat, sorted((self.folder / "records").rglob("*.json")))
        return {
            record["seed"]: record
            for record in files
            if (record["axes"]["strategy"]["label"], record["axes"]["test_blur"]["label"]) == (strategy, test_blur)
        }

    def board(self, suffix: str) -> str:
        """The board as it was written."""
        return next((self.folder / "boards").glob(f"*{suffix}")).read_text()


def _flat(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return {**content, **content["facts"], **content["result"]}


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH in which `witness.py` is installed, as an installer would leave it."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "blurbench_witness.py").write_text(Path(__file__).with_name("witness.py").read_text())
    about = folder / "blurbench_witness-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: blurbench-witness\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[blurbench]\nwitness = blurbench_witness\n")
    return folder


@pytest.fixture(scope="session")
def python(package: Path) -> Script:
    """Run Python with the witnesses installed; they write to `witness.jsonl` of the folder."""

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        own = {"PYTHONPATH": str(package), "BLURBENCH_WITNESS": str(folder / "witness.jsonl"), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def witnessed(python: Script, tmp_path_factory: pytest.TempPathFactory) -> Witnessed:
    """The suite above, with two seeds. Read it, change nothing in it."""
    folder = tmp_path_factory.mktemp("witnessed")
    (folder / "witness.toml").write_text(SUITE)
    command = "from blurbench.cli import main; main()"
    done = python(folder, "-c", command, "run", "--suite", "witness.toml", "--seeds", "2", "-j", "1")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (folder / "witness.jsonl").read_text().splitlines()]
    return Witnessed(folder / "blurbench-results", lines, done.stdout)
