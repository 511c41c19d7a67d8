"""`blurbench reproduce` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders import PaperBoard
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
    board = PaperBoard(budget="quick")
    board.cell("usps", "retrain", "gauss9", "gauss9", hits="1" * 150 + "0" * 50, blurred=0.01)
    board.stored(tmp_path / "results", "restored-digits.v1.quick")

    result = blurbench("reproduce", "shen2022", "--no-run", "--out", "results", "--publish", "shown")

    assert result.returncode == 0, result.stderr
    assert "Table 5: top-1, UNet (percent)" in result.stdout
    content = json.loads((tmp_path / "shown" / "papers" / "shen2022.quick.json").read_bytes())
    measured = [cell for table in content["tables"] for cell in table["cells"] if cell["measured"] == 75.0]
    assert {cell["row"] for cell in measured} == {"USPS(G)", "usps(G)"}
    assert (tmp_path / "results" / "papers" / "shen2022.quick.md").read_text().startswith("# shen2022")


def test_a_paper_of_an_outside_package_is_run_and_told_like_ours(blurbench: Command, box: Path, tmp_path: Path) -> None:
    listed = blurbench("ls", "papers", "-v", PYTHONPATH=str(box))
    citation = "paper: Nobody 2020, digits through a bathroom window"
    assert f"{citation}\n    suite: box\n    from blurbench-box" in listed.stdout

    result = blurbench("reproduce", "mosaics", "-j", "0", "--out", "results", PYTHONPATH=str(box))

    assert result.returncode == 0, result.stderr
    assert "Table 1: top-1 (percent)" in result.stdout
    report = json.loads((tmp_path / "results" / "papers" / "mosaics.quick.json").read_bytes())
    sharp, blurred = report["tables"][0]["cells"]
    records = [json.loads(path.read_bytes()) for path in (tmp_path / "results" / "records").rglob("*.json")]
    top1 = {record["key"]: record["result"]["metrics"]["top1"] for record in records}
    for cell in (sharp, blurred):
        assert cell["measured"] == pytest.approx(100 * top1[cell["records"][0]])
    assert (sharp["published"], blurred["published"]) == (97.0, 61.5)
    (row,) = report["claims"][0]["comparisons"]
    assert row["verdict"] == report["claims"][0]["verdict"] == "undecided: one seed"
    assert row["interval"]["estimate"] == pytest.approx(sharp["measured"] - blurred["measured"], abs=1e-4)


@pytest.mark.slow
def test_a_protocol_is_run_and_told(blurbench: Command, tmp_path: Path) -> None:
    result = blurbench("reproduce", "kim2023", "-j", "2", "--out", "results")

    assert result.returncode == 0, result.stderr
    text = (tmp_path / "results" / "papers" / "kim2023.quick.md").read_text()
    assert "| vit, photo-crops" in text
    assert "photo-crops" in text.split("## Claims")[0]
