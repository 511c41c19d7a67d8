"""What a row says of pictures in files is what its board says of the same pictures."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blurbench_datasets.imagefolder import ImageFolder, balanced
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from blurbench.cli.app import app
from blurbench.contract import Dataset, Shape
from blurbench.errors import PluginError, UsageError
from blurbench.registry import Registry
from blurbench.store.store import Store
from blurbench.takeaway.pictures import Answer, answers, remarks
from blurbench.takeaway.prediction import Prediction
from blurbench.takeaway.rows import Row, Rows
from tests.takeaway.measured import CLASSES


def say(results: Path, *arguments: object) -> Result:
    result = CliRunner().invoke(app, ["predict", *map(str, arguments), "--out", str(results)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def in_order(pictures: Path) -> list[Path]:
    """The test pictures as the board has them."""
    dataset = ImageFolder(str(pictures), side=20)
    _, _, files = dataset._look(())
    return [pictures / name for name, _ in balanced(dataset._three(files)[2])]


def row_of(registry: Registry, results: Path, name: str, seed: int = 0) -> Row:
    return Rows(registry, Store(results), "drawn.v1.quick").named(name, seed=seed)


@pytest.mark.parametrize("name", ["plain", "retrain", "deblur-unet", "bn-adapt[batch=4]"])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_boards_own_test_pictures_get_the_boards_predictions(
    registry: Registry, results: Path, pictures: Path, name: str, seed: int
) -> None:
    row, paths = row_of(registry, results, name, seed), in_order(pictures)
    record = row.cells[0][1]
    assert row.cells[0][0]["test_blur"] == "none"
    found = [one for one in answers(row, Prediction(row), paths) if isinstance(one, Answer)]
    assert [one.path for one in found] == paths
    assert [CLASSES.index(path.parent.name) for path in paths] == record.accuracy.images.label
    assert [one.label for one in found] == record.accuracy.images.predicted
    np.testing.assert_allclose([one.confidence for one in found], record.accuracy.images.confidence, atol=1e-4)
    assert len({one.confidence for one in found}) > 10


def test_the_command_says_for_a_folder_what_the_board_says(registry: Registry, results: Path, pictures: Path) -> None:
    answer: dict[str, Any] = json.loads(say(results, "plain", pictures / "test", "--json", "--seed", 1).stdout)
    row = row_of(registry, results, "plain", seed=1)
    predicted = dict(zip(map(str, in_order(pictures)), row.cells[0][1].accuracy.images.predicted, strict=True))
    assert {one["file"]: one["label"] for one in answer["pictures"]} == predicted
    assert all(CLASSES[one["label"]] == one["class"] for one in answer["pictures"])
    assert (answer["row"], answer["seed"], answer["artifact"]) == ("plain", 1, str(row.artifact))


def test_a_line_a_picture_and_a_csv_that_holds_no_formula(results: Path, pictures: Path) -> None:
    lines = say(results, "plain", pictures / "test" / "bars").stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(map(str, (pictures / "test" / "bars").iterdir()))
    assert all(line.split()[1] in CLASSES and line.endswith("%") for line in lines)
    table = list(csv.DictReader(io.StringIO(say(results, "plain", pictures / "test", "--csv").stdout)))
    assert list(table[0]) == ["file", "class", "label", "confidence"]
    assert len(table) == 18
    assert {row["class"] for row in table if row["label"] == "0"} <= {"'=dots"}
    assert any(row["label"] == "0" for row in table)


def test_a_picture_that_cannot_be_read_costs_itself_alone(results: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    alone = say(results, "plain", tmp_path)
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert f"blurbench: {tmp_path}/broken.png: cannot be decoded (its content is no BMP" in alone.stderr
    whole = next((pictures / "test" / "bars").iterdir())
    (tmp_path / whole.name).write_bytes(whole.read_bytes())
    both = say(results, "plain", tmp_path)
    assert both.exit_code == 1
    assert both.stdout.startswith(str(tmp_path / whole.name))
    assert both.stderr.count("\n") == 1


def test_a_row_that_adapts_says_so_and_how_many_it_wants(registry: Registry, results: Path, pictures: Path) -> None:
    few = say(results, "bn-adapt[batch=4]", pictures / "test" / "bars" / "test-0.png").stderr
    assert "bn-adapt[batch=4] adapts to what it meets: batches of 4, in the order of the files" in few
    assert "it was measured with 4 images at a time, and there are 1: expect less of it" in few
    row = row_of(registry, results, "plain")
    assert not list(remarks(row, Prediction(row), 1))


def test_a_row_that_is_told_the_psf_is_given_no_photograph(results: Path, pictures: Path) -> None:
    with pytest.raises(UsageError, match=r"deblur-wiener on gaussian.* is told the true PSF of each image"):
        say(results, "deblur-wiener", pictures / "test")


def test_json_and_csv_are_one_or_the_other(results: Path, pictures: Path) -> None:
    with pytest.raises(UsageError, match="not both"):
        say(results, "plain", pictures, "--json", "--csv")


def test_what_was_fitted_needs_its_training_pictures_no_more(
    registry: Registry, results: Path, pictures: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "picture.png"
    picture.write_bytes((pictures / "test" / "bars" / "test-0.png").read_bytes())
    before = say(results, "retrain", picture).stdout
    away = pictures.rename(tmp_path / "away")
    try:
        assert say(results, "retrain", picture).stdout == before
        assert row_of(registry, results, "retrain").fit.data.test == 18
    finally:
        away.rename(pictures)


def test_a_data_set_that_gives_no_pixels_is_named(
    results: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFolder, "picture", lambda self, file, shape: np.zeros((3, 4, 4)))
    with pytest.raises(
        PluginError, match=r"ImageFolder: picture\(\) gave float64 \(3, 4, 4\), wanted uint8 of 3x20x20"
    ):
        say(results, "plain", pictures / "test")


# --- data that are no files ----------------------------------------------------------------------------------------


def test_a_picture_of_the_data_sets_own_size_keeps_its_pixels(registry: Registry) -> None:
    digits: Dataset = registry.resolve("datasets", "digits")
    pixels = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    assert np.array_equal(digits.picture(buffer, Shape(1, 28, 28)), pixels[None])
    assert digits.picture(buffer, Shape(3, 14, 14)).shape == (3, 14, 14)
    with pytest.raises(UsageError, match=r"pictures become squares, grey or in colour, and these images are 1x28x20"):
        digits.picture(buffer, Shape(1, 28, 20))
