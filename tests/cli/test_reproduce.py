"""`blurbench reproduce` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders import Board
from tests.conftest import Command


def test_a_misspelt_paper_is_one_line_with_a_suggestion(blurbench: Command) -> None:
    result = blurbench("reproduce", "shen2023")

    assert result.returncode == 2
    assert result.stderr.strip().startswith("blurbench: unknown paper 'shen2023'; did you mean 'shen2022'?")


def test_nothing_measured_is_one_line(blurbench: Command) -> None:
    result = blurbench("reproduce", "shen2022", "--no-run")

    assert result.returncode == 2
    assert "leave out --no-run to measure it" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_what_is_stored_is_told_and_published_without_running(blurbench: Command, tmp_path: Path) -> None:
    board = Board(budget="quick")
    board.cell("usps", "retrain", "gauss9", "gauss9", hits="1" * 150 + "0" * 50, blurred=0.01)
    board.stored(tmp_path / "results", "restored-digits.v1.quick")

    result = blurbench("reproduce", "shen2022", "--no-run", "--out", "results", "--publish", "shown")

    assert result.returncode == 0, result.stderr
    assert "Table 5: top-1, UNet (percent)" in result.stdout
    content = json.loads((tmp_path / "shown" / "papers" / "shen2022.quick.json").read_bytes())
    measured = [cell for table in content["tables"] for cell in table["cells"] if cell["measured"] == 75.0]
    assert {cell["row"] for cell in measured} == {"USPS(G)", "usps(G)"}
    assert (tmp_path / "results" / "papers" / "shen2022.quick.md").read_text().startswith("# shen2022")


@pytest.mark.slow
def test_a_protocol_is_run_and_told(blurbench: Command, tmp_path: Path) -> None:
    result = blurbench("reproduce", "kim2023", "-j", "2", "--out", "results")

    assert result.returncode == 0, result.stderr
    text = (tmp_path / "results" / "papers" / "kim2023.quick.md").read_text()
    assert "| vit, photo-crops" in text
    assert "photo-crops" in text.split("## Claims")[0]
