"""A researcher's notebook, and a script without a main guard."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]

CELLS = (
    """
import blurbench as bb
from tests.own.digits import TEST, digits, network
images, labels = digits()
run = bb.evaluate(network(), (images[:TEST], labels[:TEST]), blurs="gaussian[sigma=2]", strategies="bn-adapt")
""",
    "run",
    "run.plot()",
    "run.results()[['strategy', 'test_blur', 'top1']]",
    """
seen, _ = run.test_images(test_blur="gaussian[sigma=2]")
run.compare_logits(run.predictor(strategy="bn-adapt")(seen), strategy="plain", test_blur="gaussian[sigma=2]")
""",
)


@pytest.fixture(scope="module")
def outputs() -> list[Any]:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS])
    kernel = {"kernel_name": "python3", "resources": {"metadata": {"path": str(ROOT)}}}
    NotebookClient(notebook, timeout=240, **kernel).execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_notebook_shows_progress_tables_and_charts(outputs: list[Any]) -> None:
    progress, run, chart, frame, change = outputs
    told = "".join(output.text for output in progress if output.get("name") == "stderr")
    assert "tested on gaussian[sigma=2]: top-1" in told
    assert "<table" in run[-1].data["text/html"]
    assert chart[-1].data["image/png"]
    assert "bn-adapt" in frame[-1].data["text/html"]
    assert "own logits against plain" in change[-1].data["text/html"]


def test_a_script_needs_no_main_guard(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("\n".join(CELLS) + "print(len(run.results()))")
    done = subprocess.run(
        [sys.executable, tmp_path / "mine.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stdout) == (0, "4\n"), done.stderr
