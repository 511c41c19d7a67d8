"""A researcher's way: the notebook of the docs, run cell by cell as a notebook is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient", reason="pip install -e '.[docs]'")
nbformat = pytest.importorskip("nbformat")

pytestmark = pytest.mark.processes

NOTEBOOK = Path(__file__).parents[2] / "docs" / "researcher.md"
CELL = re.compile(r"^```\{code-cell\} python\n(?::tags: [^\n]*\n\n)?(.*?)^```$", re.M | re.S)


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The notebook's cells after they were run in a folder of their own."""
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(text) for text in CELL.findall(NOTEBOOK.read_text())]
    where = {"metadata": {"path": tmp_path_factory.mktemp("notebook")}}
    nbclient.NotebookClient(notebook, timeout=240, resources=where).execute()
    return list(notebook.cells)


def shown(cells: list[Any], code: str, kind: str) -> str:
    """What the one cell with that code displays as `kind`."""
    (cell,) = [cell for cell in cells if code in cell.source]
    (found,) = [output.data[kind] for output in cell.outputs if kind in output.get("data", {})]
    return str(found)


def test_a_run_is_a_ranking_a_frame_and_a_plot(cells: list[Any]) -> None:
    ranking = shown(cells, "bb.run(", "text/html")
    assert ranking.count("<tr>") == 1 + 3
    assert "mean gain [95%]" in ranking
    assert "<td>blur-augment" in re.sub(r"<td\b[^>]*>\s*", "<td>", ranking)
    assert shown(cells, "calibration_error", "text/html").count("<tr>") == 9
    assert len(shown(cells, "run.plot()", "image/png")) > 10_000


def test_own_logits_have_a_paired_interval_around_their_change(cells: list[Any]) -> None:
    table = shown(cells, "compare_logits", "text/html")
    heads, values = (re.findall(rf"<{tag}>(.*?)</{tag}>", table) for tag in ("th", "td"))
    found = dict(zip(heads[1:12], values, strict=False))
    before, after, change, low, high = (
        float(found[name]) for name in ("before", "after", "change", "change_low", "change_high")
    )
    assert change == pytest.approx(after - before, abs=1e-6)
    assert low < change < high
    assert after > before


def test_a_function_of_ones_own_is_measured_under_every_blur(cells: list[Any]) -> None:
    table = shown(cells, "def nearest_mean", "text/html")
    top1 = [float(value) for value in re.findall(r"<td>(0\.\d+)</td>", table)]
    assert len(top1) == 4
    assert top1[0] == max(top1) > 0.8
    assert top1[-1] == min(top1)
