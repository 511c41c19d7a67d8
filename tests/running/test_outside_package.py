"""A real outside package, installed, in a run of its own suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Command
from tests.running.tiny import records

pytestmark = pytest.mark.processes


def test_the_suite_of_an_outside_package_runs_with_its_blur_and_strategy(
    blurbench: Command, box: Path, tmp_path: Path
) -> None:
    result = blurbench("run", "--suite", "box", "-j", "1", PYTHONPATH=str(box))
    assert result.returncode == 0, result.stderr
    measured = records(tmp_path / "blurbench-results").values()
    assert {record["status"] for record in measured} == {"ok"}
    assert {record["axes"]["strategy"]["label"] for record in measured} == {"plain", "retrain", "retouch"}
    assert {record["axes"]["test_blur"]["label"] for record in measured} == {
        "none",
        "block-mean",
        "block-mean[side=5]",
    }
    exposures = {
        (record["axes"]["strategy"]["name"], record["axes"]["test_blur"]["label"]): record["facts"]["exposure"]
        for record in measured
    }
    assert exposures["retouch", "block-mean[side=5]"] == "seen"
    assert exposures["retouch", "block-mean"] == "unseen severity"
    assert exposures["plain", "block-mean"] == "unseen family"


def test_its_plugins_are_validated_like_ours(blurbench: Command, box: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(
        'name = "wrong"\nversion = 1\ntitle = "Wrong"\ndatasets = ["digits"]\ntrain_blurs = ["block-mean[side=99]"]\n'
        'test_blurs = ["none"]\n[[matrix]]\nclassifiers = ["cnn3"]\nstrategies = ["plain"]\n[budgets.quick]\n'
    )
    result = blurbench("run", "--suite", "wrong.toml", PYTHONPATH=str(box))
    assert result.returncode == 2
    assert result.stderr == "blurbench: blur 'block-mean': side: must lie between 1 and 31 pixels, not 99\n"
