"""`blurbench plan`: what a run would do."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Command


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
