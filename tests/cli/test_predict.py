"""`blurbench predict` as a user types it; what it answers is held against a board in tests/takeaway."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from blurbench.cli.app import app
from blurbench.errors import UsageError

CNN = "cnn3[widths=[8, 16, 16]]"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of three."""
    draws = np.random.default_rng(4)
    for number in range(3):
        Image.fromarray(draws.integers(0, 256, (28, 28), np.uint8)).save(tmp_path / f"{number}.png")
    return tmp_path


def predict(smoked: Path, row: str, path: Path, *more: str) -> Result:
    result = CliRunner().invoke(app, ["predict", row, str(path), "--out", str(smoked), *more])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_table_json_and_csv_say_the_same(smoked: Path, pictures: Path) -> None:
    chosen = ("--classifier", CNN)
    lines = predict(smoked, "plain", pictures, *chosen).stdout.splitlines()
    facts = json.loads(predict(smoked, "plain", pictures, *chosen, "--json").stdout)["pictures"]
    rows = list(csv.DictReader(io.StringIO(predict(smoked, "plain", pictures, *chosen, "--csv").stdout)))
    files = [str(pictures / f"{number}.png") for number in range(3)]
    assert [one["file"] for one in facts] == [row["file"] for row in rows] == files
    assert [one["label"] for one in facts] == [int(row["label"]) for row in rows]
    assert [line.split()[:2] for line in lines] == [[one["file"], one["class"]] for one in facts]


def test_a_row_of_several_classifiers_asks_for_one(smoked: Path, pictures: Path) -> None:
    with pytest.raises(UsageError, match=r"these have plain: .*vit\[width=24, depth=1\]"):
        predict(smoked, "plain", pictures)


def test_a_folder_without_a_picture_and_an_unknown_row_are_one_line(smoked: Path, pictures: Path) -> None:
    (pictures / "empty").mkdir()
    with pytest.raises(UsageError, match="empty: this folder is empty"):
        predict(smoked, "plain", pictures / "empty")
    with pytest.raises(UsageError, match="unknown row on this board: 'plane'; did you mean 'plain'"):
        predict(smoked, "plane", pictures)
