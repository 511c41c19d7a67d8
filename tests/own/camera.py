"""Photographs of three classes, half of them out of focus, and a network that was trained on such."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from blurbench_datasets.packaged import packaged_file
from PIL import Image, ImageFilter
from torch import nn
from typer.testing import CliRunner, Result

from blurbench.cli.app import app

CLASSES = ("astronaut", "grass", "gravel")
EACH = 8
SIDE = 64
SHARP = (0, 2)
NETWORK = """
from torch import nn
from torchvision import models

def build(classes):
    first = [nn.Conv2d(3, 8, 5, 2, 2), nn.BatchNorm2d(8), nn.ReLU()]
    second = [nn.Conv2d(8, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU()]
    return nn.Sequential(*first, *second, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, classes))
"""
STEPS = 300
FEW = """
name = "few"
version = 1
title = "The network and nothing else"
datasets = ["imagefolder"]
test_blurs = ["none", "gaussian[sigma=1]"]
[[matrix]]
classifiers = ["timm[model=resnet18]"]
strategies = ["plain"]
"""


def crop(label: int, draws: np.random.Generator) -> Image.Image:
    """A square of 128 pixels of one of three photographs, in colour."""
    whole = Image.open(packaged_file("skimage", f"data/{CLASSES[label]}.png", "scikit-image")).convert("RGB")
    left, top = (int(draws.integers(0, length - 128)) for length in whole.size)
    return whole.crop((left, top, left + 128, top + 128))


def some(photographs: Path, folder: Path, names: Sequence[str], numbers: Sequence[int] = SHARP) -> Path:
    """Some pictures of some classes."""
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in numbers:
            shutil.copy(photographs / name / f"{number}.png", folder / name)
    return folder


def asked(images: Path, network: str, out: Path, *more: str) -> Result:
    """`blurbench diagnose` in this process."""
    suite = images.with_name("few.toml")
    suite.write_text(FEW)
    usual = ("--suite", str(suite), "-b", "standard", "--side", str(SIDE), "-j", "0", "--out", str(out), "--json")
    return CliRunner().invoke(app, ["diagnose", "--images", str(images), "--classifier", network, *usual, *more])


def write_photographs(folder: Path) -> None:
    """Of each class half as drawn, half out of focus."""
    draws = np.random.default_rng(5)
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir()
        for number in range(EACH):
            picture = crop(label, draws)
            if number % 2:
                picture = picture.filter(ImageFilter.GaussianBlur(3))
            picture.save(folder / name / f"{number}.png")


def write_network(folder: Path) -> None:
    """A small network that goes by edges, fitted here to sharp pictures: net.py and net.pt."""
    draws, scope = np.random.default_rng(6), {}
    (folder / "net.py").write_text(NETWORK)
    exec(NETWORK, scope)
    torch.manual_seed(4)
    module: nn.Sequential = scope["build"](3)
    labels = torch.arange(60) % 3
    images = [np.asarray(crop(int(label), draws).resize((SIDE, SIDE), Image.Resampling.BILINEAR)) for label in labels]
    batch = torch.from_numpy(np.stack(images)).float().permute(0, 3, 1, 2) / 255
    mean, deviation = (torch.tensor(one)[:, None, None] for one in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    batch = (batch - mean) / deviation
    # Only the last layer is fitted, to features that stay: its best weights are the same on every machine.
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
    with torch.no_grad():
        module[0].weight -= module[0].weight.mean((2, 3), keepdim=True)  # it sees edges alone, which blur takes away
        module(batch)
        features = module.eval()[:-1](batch)
    optimiser = torch.optim.Adam(module[-1].parameters(), 1e-1)
    for _ in range(STEPS):
        optimiser.zero_grad()
        nn.functional.cross_entropy(module[-1](features), labels).backward()
        optimiser.step()
    torch.save(module.state_dict(), folder / "net.pt")
