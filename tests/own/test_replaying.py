"""What `bb.evaluate` recorded, measured again by `replay` and `verify`, where that can be done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

import blurbench as bb
from tests.conftest import Command
from tests.own.digits import TEST, digits, network

CODE = """
from torch import nn


def build(classes):
    return nn.Sequential(nn.Conv2d(3, 1, 1), nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(256, classes))
"""
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def images() -> tuple[Tensor, Tensor]:
    found, labels = digits()
    return torch.from_numpy(found[:TEST]), torch.from_numpy(labels[:TEST])


@pytest.fixture
def named(tmp_path: Path) -> str:
    """A network as an expression: the mean of the colours, then that of the digits."""
    (tmp_path / "nets.py").write_text(CODE)
    own = {f"{int(name[0]) + 1}{name[1:]}": value for name, value in network().state_dict().items()}
    weights = {"0.weight": torch.full((1, 3, 1, 1), 1 / 3), "0.bias": torch.zeros(1), **own}
    save_file(weights, tmp_path / "w.safetensors")
    files = f"network='{tmp_path}/nets.py:build', weights={tmp_path}/w.safetensors"
    return f"checkpoint[{files}, mean=[0,0,0], deviation=[1,1,1]]"


def pictures(place: Path) -> Path:
    """Of some of the classes, one folder a class."""
    for number, (image, label) in enumerate(zip(*images(), strict=True)):
        if label < 7:
            (place / NAMES[label]).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image[0].numpy()).save(place / NAMES[label] / f"{number}.png")
    return place


def test_a_network_that_is_named_is_measured_again(blurbench: Command, named: str, tmp_path: Path) -> None:
    """On images that were given in Python, which the results folder holds, and on a folder with classes by name."""
    given: dict[str, Any] = {"blurs": "gaussian[sigma=2]", "out": tmp_path / "results"}
    boards = [
        bb.evaluate(named, images(), strategies="bn-adapt", **given).session.board,
        bb.evaluate(named, pictures(tmp_path / "photos"), class_names=NAMES, side=16, **given).session.board,
    ]
    for board, cells in zip(boards, (4, 2), strict=True):
        verified = blurbench("verify", board, "--out", "results", "--sample", "100%")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        assert f"{board}: {cells} same ({cells} sampled" in verified.stdout


def test_changed_weights_are_said_and_not_measured(blurbench: Command, named: str, tmp_path: Path) -> None:
    run = bb.evaluate(named, images(), out=tmp_path / "results")
    save_file(
        {name: value + 1 for name, value in load_file(tmp_path / "w.safetensors").items()}, tmp_path / "w.safetensors"
    )
    replayed = blurbench("replay", run.results().key[0], "--out", "results")
    assert replayed.returncode == 1
    assert "names have another content here" in replayed.stderr
    assert len(replayed.stderr.splitlines()) == 1


def test_a_module_of_python_is_not_measured_again_and_a_line_says_why(blurbench: Command, tmp_path: Path) -> None:
    run = bb.evaluate(network(), images(), out=tmp_path / "results")
    replayed = blurbench("replay", run.results().key[0], "--out", "results")
    assert replayed.returncode == 1
    assert replayed.stderr == (
        "blurbench: the network of this run was given in Python and is gone: call evaluate again\n"
    )
