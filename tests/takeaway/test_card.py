"""The card beside a remedy in a file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from blurbench.board.outcomes import stored_outcomes
from blurbench.board.schema import BlockKey, RowKey
from blurbench.metrics.intervals import top1_interval
from blurbench.registry import Registry
from blurbench.store.store import Store
from blurbench.takeaway.pictures import Answer, answers
from blurbench.takeaway.prediction import Prediction
from tests.takeaway.conftest import BOARD, row_of
from tests.takeaway.measured import CLASSES


def test_the_cards_own_code_takes_a_photograph_to_its_class_without_blurbench(
    registry: Registry, results: Path, exported: Path, pictures: Path
) -> None:
    photograph = next((pictures / "test" / "bars").glob("*.jpg"))
    use, take = re.findall(r"```python\n(.*?)```", exported.with_suffix(".md").read_text(), re.DOTALL)
    script = [take.replace("photo.jpg", str(photograph)), "import torch\nimages = torch.from_numpy(images)", use]
    script += ["import sys, json\nassert 'blurbench' not in sys.modules\nprint(json.dumps(logits.tolist()[0]))"]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(script)], cwd=exported.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    row = row_of(registry, results, "deblur-unet", seed=1)
    (answer,) = answers(row, Prediction(row), [photograph])
    assert isinstance(answer, Answer)
    logits = torch.tensor(json.loads(done.stdout))
    assert (int(logits.argmax()), float(logits.softmax(0).max())) == (answer.label, pytest.approx(answer.confidence))


def test_the_card_and_the_file_say_what_the_board_measured(registry: Registry, results: Path, exported: Path) -> None:
    row, text = row_of(registry, results, "deblur-unet", seed=1), exported.with_suffix(".md").read_text()
    label = row.labels["dataset"]
    outcomes = stored_outcomes(Store(results), BOARD)
    block = outcomes.rows[BlockKey(label, "cnn3[widths=[4, 8, 8]]", "gaussian[sigma=1]")]
    own, plain = block[RowKey("deblur-unet", "gaussian[sigma=1]")], block[RowKey("plain", "")]
    (line,) = [line for line in text.splitlines() if line.startswith("| gaussian[sigma=1]")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    intervals = [top1_interval(one.correct([0, 1])) for one in (own, plain)]
    shown = [f"{100 * one.estimate:.1f} [{100 * one.low:.1f}, {100 * one.high:.1f}]" for one in intervals]
    assert [cells[1], cells[3]] == shown
    assert cells[2] == f"{100 * own.cells[1].correct.mean():.1f}"
    assert cells[4:] == ["seen", "18", "0, 1"]
    for wanted in (
        row.fit.key,
        "0 =dots, 1 bars, 2 rings",
        "as your pictures'",
        "fitted to: gaussian[sigma=1]; seed 1",
    ):
        assert wanted in text
    content = {"blurbench.json": ""}
    torch.export.load(exported, extra_files=content)
    about = json.loads(content["blurbench.json"])
    assert (about["classes"], about["shape"], about["artifact"]) == (list(CLASSES), [3, 20, 20], row.fit.key)
    assert about["measured"][1]["this_seed"] == pytest.approx(own.cells[1].correct.mean())
