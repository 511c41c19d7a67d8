"""Pictures that were photographed blurred, as a test condition beside simulated ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import blurbench as bb
from blurbench.board.advice import Question, advise
from blurbench.submissions.check import check
from blurbench.submissions.installation import Installation
from blurbench.submissions.merge import gather
from blurbench.submissions.submission import open_submission

SUITE = """
name = "photos"
version = 1
title = "Photos"
datasets = ["photos"]
train_blurs = ["gaussian[sigma=1]", "as-photographed"]
test_blurs = ["none", "gaussian[sigma=1]", "as-photographed"]
[labels]
photos = "sharp-and-blurred[path=pictures, side=16, grey=true]"
[[matrix]]
classifiers = ["cnn3[widths=[4, 8, 8]]"]
strategies = ["plain", "retrain", "deblur-then-classify[restorer=unsharp-mask, classifier=clean]"]
[budgets.quick]
epochs = 1
"""
SHARPENED = "deblur-then-classify[restorer=unsharp-mask, classifier=clean]"
HERE = "test_blur == 'as-photographed'"


def write(folder: Path, first: int, count: int) -> None:
    """Handwritten digits, one folder a class."""
    digits = load_digits()
    for number in range(first, first + count):
        place = folder / f"digit-{digits.target[number]}" / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((digits.images[number] * 15).astype(np.uint8)).save(place)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    write(folder / "pictures" / "sharp", 0, 300)
    write(folder / "pictures" / "blurred", 300, 40)
    path = folder / "photos.toml"
    path.write_text(SUITE)
    return path


@pytest.fixture(scope="module")
def run(suite: Path) -> bb.Run:
    return bb.run(str(suite), metrics="margin", jobs=0, **places(suite))


def places(suite: Path) -> dict[str, Any]:
    return {"out": suite.parent / "results", "data_dirs": [suite.parent]}


def test_every_row_is_tested_on_the_blurred_pictures(run: bb.Run) -> None:
    images, labels = run.test_images(test_blur="as-photographed")
    predictor = run.predictor(strategy="plain")
    (plain,) = run.results().query(f"strategy == 'plain' and {HERE}").itertuples()

    assert images.shape == (40, 1, 16, 16)
    assert plain.top1 == pytest.approx(float((predictor(images).argmax(1) == labels).float().mean()))
    assert plain.exposure == "unseen family"
    assert plain.margin == pytest.approx(
        run.images(strategy="plain", test_blur="as-photographed").margin.mean(), abs=1e-5
    )


def test_nothing_is_said_that_needs_the_sharp_pictures(run: bb.Run) -> None:
    rows = run.results().query(f"status == 'ok' and {HERE}")
    assert rows[["blurred_psnr", "restored_psnr", "restored_ssim", "churn"]].isna().all(axis=None)
    assert "restored_mse" not in run.images(strategy=SHARPENED, test_blur="as-photographed")
    assert "restored_mse" in run.images(strategy=SHARPENED, test_blur="gaussian[sigma=1]")


def test_the_board_says_that_they_are_other_pictures(run: bb.Run) -> None:
    text = run.board().to_markdown()
    assert "Test images: photos 60, photos (as-photographed) 40" in text
    assert "40 other pictures than the sharp ones, photographed blurred." in text
    assert "as-photographed: other pictures than the sharp ones, so what is lost is not paired" in text


def test_advice_names_no_share_of_what_such_pictures_lose(run: bb.Run) -> None:
    (advice,) = advise(run.session.registry, run.board().standings, Question("as-photographed"))
    assert advice.loss is None
    assert {option.recovered for option in (*advice.allowed, *advice.ruled_out)} == {None}


def test_nothing_is_fitted_to_them(run: bb.Run) -> None:
    rows = run.results().query("train_blur == 'as-photographed'")
    assert set(rows.status) == {"skipped"}
    assert set(rows.reason) == {"nothing can be fitted to as-photographed: its pictures are for testing alone"}


def test_other_blurred_pictures_are_measured_anew_and_nothing_else(run: bb.Run, suite: Path) -> None:
    write(suite.parent / "pictures" / "blurred", 340, 5)
    try:
        planned = bb.plan(str(suite), metrics="margin", **places(suite)).cells()
    finally:
        for number in range(340, 345):
            next((suite.parent / "pictures" / "blurred").rglob(f"{number}.png")).unlink()
    missing = planned.query("status == 'missing'")
    assert len(missing) == 3
    assert set(missing.test_blur) == {"as-photographed"}


def test_a_data_set_without_such_pictures_has_a_row_that_says_so(suite: Path, tmp_path: Path) -> None:
    cells = bb.plan(str(suite), out=tmp_path, datasets=["digits"]).cells().query(HERE)
    (reason,) = set(cells.query("train_blur != 'as-photographed'").reason)
    assert reason == ("digits has no pictures that were photographed blurred: use a data set such as sharp-and-blurred")


def test_a_network_of_ones_own_meets_them_too(suite: Path) -> None:
    def dark(images: Any) -> Any:
        import torch

        return torch.nn.functional.one_hot(images.mean((1, 2, 3)).mul(0).long(), 10).float()

    names = [f"digit-{number}" for number in reversed(range(10))]
    data = f"sharp-and-blurred[path={suite.parent}/pictures, side=16, grey=true]"
    rows = bb.evaluate(dark, data, blurs="as-photographed", class_names=names).results()
    blurred = load_digits().target[300:340]
    assert rows.query(HERE).top1.tolist() == pytest.approx([(blurred == 9).mean()])


@pytest.fixture
def refused(run: bb.Run, suite: Path, tmp_path: Path) -> Callable[[Any], list[str]]:
    """Why a bundle with a change in `plain` under this test blur is not believed."""

    def judge(change: Callable[[Any], object]) -> list[str]:
        session = run.session
        board = session.store.records.board(session.board)
        assert board is not None
        lines = [line for line in board.lines if line["strategy"] == "plain" and not line["train_blur"]]
        session.store.records.put_board("plain-alone", board.model_copy(update={"lines": lines, "commands": []}))
        outgoing = gather(session.store, "plain-alone")
        for name, text in outgoing.files.items():
            content = json.loads(text)
            if "axes" in content and content["axes"]["test_blur"]["name"] == "as-photographed":
                change(content)
                outgoing.files[name] = json.dumps(content).encode()
        path = tmp_path / "bundle.zip"
        path.write_bytes(outgoing.pack())
        check(held := open_submission(path), Installation(session.registry, session.store, (suite.parent,)))
        return [refusal.reason for refusal in held.refusals]

    return judge


def test_bundles_of_them_are_held_against_the_pictures_that_are_here(refused: Callable[[Any], list[str]]) -> None:
    def relabelled(content: Any) -> None:
        content["result"]["images"]["label"].reverse()
        content["result"]["images"]["predicted"].reverse()
        content["result"]["images"]["confidence"].reverse()

    assert refused(lambda content: None) == []
    assert refused(lambda content: content["result"].update(photographed=False)) == [
        "photographed: False, but its test blur says True"
    ]
    assert "images.label: not the test labels of" in refused(relabelled)[0]
