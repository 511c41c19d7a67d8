"""An engineer's way: 300 photographs and a trained network; what blur costs it, which remedy pays, to take home."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image, ImageFilter
from safetensors.torch import save_file
from skimage import data
from torch.nn import functional as F

import blurbench as bb
from tests.conftest import Command

pytestmark = pytest.mark.processes

CLASSES = ("brick", "coins", "grass", "gravel", "text")
SIDE, BLUR = 48, "gaussian[sigma=1]"
PARTS = {"photos/train": (0.62, 0.8, 24), "photos/test": (0.8, 1, 24), "camera": (0.8, 1, 12)}
NETWORK = "checkpoint[network='timm:test_resnet', weights=mine.safetensors]"
SUITE = f"""
name = "mine"
version = 1
title = "Mine"
datasets = ["imagefolder[path=./photos, side=48]"]
train_blurs = ["gaussian[sigma=1]"]
test_blurs = ["none", "gaussian[sigma=1]"]

[[matrix]]
classifiers = ["mine"]
strategies = ["plain", "bn-adapt", "blur-augment"]

[labels]
mine = "{NETWORK}"

[budgets.quick]
epochs = 6
"""


def crops(name: str, first: float, last: float, count: int) -> Iterator[Image.Image]:
    """Pieces of a photograph of scikit-image, from its columns between two shares of its width."""
    picture, draws = Image.fromarray(getattr(data, name)()).convert("RGB"), np.random.default_rng(count)
    columns = draws.integers(int(first * picture.width), int(last * picture.width) - 64, count, endpoint=True)
    rows = draws.integers(0, picture.height - 56, count, endpoint=True)
    for row, column in zip(rows, columns, strict=True):
        yield picture.crop((column, row, column + 64, row + 56))


def train(weights: Path) -> None:
    """A network of timm learns what the left parts of the photographs show, centre crops at 48 pixels."""
    pictures = [(picture, label) for label, name in enumerate(CLASSES) for picture in crops(name, 0, 0.6, 40)]
    squares = [picture.crop((4, 0, 60, 56)).resize((SIDE, SIDE), Image.Resampling.BILINEAR) for picture, _ in pictures]
    images = torch.from_numpy(np.stack([np.asarray(square) for square in squares])).movedim(3, 1).float() / 255
    mean, deviation = (torch.tensor(values).view(3, 1, 1) for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    inputs, labels = (images - mean) / deviation, torch.tensor([label for _, label in pictures])
    torch.manual_seed(0)
    network = timm.create_model("test_resnet", num_classes=len(CLASSES))
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(12):
        for batch in torch.randperm(len(labels)).split(20):
            optimizer.zero_grad()
            F.cross_entropy(network(inputs[batch]), labels[batch]).backward()
            optimizer.step()
    save_file(network.state_dict(), weights)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the engineer stands: trained weights, a suite, labelled photographs in photos/ and in camera/, where every
    third is out of focus."""
    train(tmp_path / "mine.safetensors")
    for part, of in PARTS.items():
        for name in CLASSES:
            (tmp_path / part / name).mkdir(parents=True)
            for number, picture in enumerate(crops(name, *of)):
                out_of_focus = part == "camera" and number % 3 == 0
                taken = picture.filter(ImageFilter.GaussianBlur(2)) if out_of_focus else picture
                taken.save(tmp_path / part / name / f"{number:02}.png")
    (tmp_path / "mine.toml").write_text(SUITE)
    return tmp_path


def test_a_diagnosis_counts_the_blurred_photographs_and_says_what_blur_costs(place: Path, blurbench: Command) -> None:
    assert len(list(place.rglob("*.png"))) == 300
    asked = blurbench(
        "diagnose", "--images", "camera", "--classifier", NETWORK, "--side", str(SIDE), "-j", "0", "--json"
    )
    assert asked.returncode == 0, asked.stderr
    diagnosis = json.loads(asked.stdout)
    assert diagnosis["lacking"] == ""
    assert diagnosis["pictures"]["pictures"] == 60
    assert 14 <= diagnosis["pictures"]["blurred"] <= 26  # 20 are
    costs = [block["loss"][0] for block in diagnosis["blocks"] if block["loss"]]
    assert max(costs) > 0.05


def test_the_board_the_prediction_and_the_exported_file_agree(
    place: Path, blurbench: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = blurbench("run", "--suite", "mine.toml", "-j", "0")
    assert ran.returncode == 0, ran.stderr
    monkeypatch.chdir(place)
    run = bb.run("mine.toml", jobs=0)
    top1 = run.results(format="wide").set_index("strategy")[["none", BLUR]]
    assert top1.loc["plain", BLUR] < top1.loc["plain", "none"]
    assert top1.loc["blur-augment", BLUR] > top1.loc["plain", BLUR] + 0.05

    predicted = blurbench("predict", "blur-augment", "photos/test", "--csv")
    assert predicted.returncode == 0, predicted.stderr
    answers = list(csv.DictReader(io.StringIO(predicted.stdout)))
    assert len(answers) == 120
    right = [answer["class"] == Path(answer["file"]).parent.name for answer in answers]
    assert np.mean(right) == pytest.approx(top1.loc["blur-augment", "none"])

    exported = blurbench("export", "blur-augment", "remedy.pt2")
    assert exported.returncode == 0, exported.stderr
    images, _ = run.test_images(test_blur=BLUR)
    logits = torch.export.load("remedy.pt2").module()(images)
    board = run.images(strategy="blur-augment", test_blur=BLUR)
    assert logits.argmax(1).tolist() == board.predicted.tolist()
