"""Plugins that say what they were given: the door through which the promises of a whole run are watched.

Installed into a folder of its own by `conftest.py`. What it sees goes, a JSON object a line, into the file that
BLURBENCH_WITNESS names; what its predictor sees goes into the records, as observations.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from blurbench import hookimpl
from blurbench.contract import (
    Blur,
    Budget,
    Classifier,
    Dataset,
    Degraded,
    FitJob,
    Fitted,
    ImageSet,
    Output,
    Predictor,
    Recipe,
    Restorer,
    RestorerJob,
    Setting,
    Shape,
    Split,
    Splits,
    Strategy,
)

if TYPE_CHECKING:
    import torch
    from torch import nn

SIDE, CLASSES = 16, 6
SIZES = {"train": (90, 60, 30, 30, 15, 15), "validation": (30, 20, 10, 10, 5, 5), "test": (180, 120, 60, 60, 30, 30)}
"""Images of each class, class by class: whoever takes the first ones gets a single class."""
PARTS = {"train": 50, "validation": 100, "test": 200}
"""The first pixel of every image says which part it is of."""


def say(what: str, **seen: Any) -> None:
    """Write a line."""
    if path := os.environ.get("BLURBENCH_WITNESS"):
        with Path(path).open("a") as lines:
            lines.write(json.dumps({"what": what, **seen}) + "\n")


def codes(images: torch.Tensor, column: int) -> list[int]:
    """What a pixel of the first row says, in images that no blur has touched there."""
    found: list[int] = images[:, 0, 0, column].mul(255).round().int().tolist()
    return found


def shown(images: ImageSet) -> dict[str, Any]:
    """Whose images these are: the parts, positions and labels that their pixels tell, and the ids and labels given."""
    positions = [256 * high + low for high, low in zip(codes(images.images, 1), codes(images.images, 2), strict=True)]
    return {
        "parts": sorted(set(codes(images.images, 0))),
        "positions": positions,
        "ids": images.ids.tolist(),
        "labels": images.labels.tolist(),
    }


# --- data ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WitnessData(Dataset):
    """Noisy bars; each image says what it is in its first row. The numbers choose other images of a part."""

    train: int = 0
    validation: int = 0
    test: int = 0

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return (Path(__file__),)

    def load(self, folders: Sequence[Path]) -> Splits:
        parts = (self._part("train", self.train), self._part("validation", self.validation))
        return Splits(*parts, self._part("test", self.test), tuple("abcdef"))

    def _part(self, name: str, variant: int) -> Split:
        labels = np.repeat(np.arange(CLASSES), SIZES[name])
        random = np.random.default_rng([PARTS[name], variant])
        images = random.integers(0, 20 if variant else 160, (len(labels), 1, SIDE, SIDE))
        for row, label in enumerate(labels):
            bar = (label + (variant and row)) % CLASSES  # of another variant only the first rows are what they say
            images[row, 0, 3 + 2 * bar : 5 + 2 * bar] += 90
        numbers = np.arange(len(labels))
        first = (np.full(len(labels), PARTS[name]), numbers // 256, numbers % 256, np.zeros(len(labels)), 40 * labels)
        images[:, 0, 0, :5] = np.stack(first, axis=1)
        return Split(images.astype(np.uint8), labels.astype(np.int64))


# --- a blur that draws ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WitnessBlur(Blur):
    """Writes the number that it draws for an image into a pixel, and states a PSF and a noise."""

    family = "witness"
    places: int = 1
    """Draws this many numbers for each image; the first one is shown."""

    def degrade(self, images: torch.Tensor, draws: Any) -> Degraded:
        import torch

        from blurbench.imaging.psf import delta

        drawn = draws.uniform("shade", self.places)[:, 0]
        say("blur", scope=list(draws.scope), seed=draws.seed, ids=draws.ids.tolist(), drawn=drawn.tolist())
        marked = images.clone()
        marked[:, 0, 0, 3] = torch.from_numpy(drawn).to(images)
        return Degraded(marked, delta(len(images)), noise_std=0.25)


# --- a strategy, a restorer ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Witness(Strategy):
    """Says what it is given to fit, then answers with hits and confidences that are known beforehand."""

    told: bool = False
    offset: int = 0
    """Which images it gets right."""

    def knows(self) -> Any:
        return "true PSF" if self.told else "training blur"

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        assert module is not None
        seed = job.setting.seed
        who = {"seed": seed, "told": self.told, "offset": self.offset}
        parts = {"train": job.train, "validation": job.validation}
        for name, part in parts.items():
            drawn = [job.blur(part, epoch).images[:, 0, 0, 3].tolist() for epoch in range(3)]
            say("fit", **who, part=name, drawn=drawn, **shown(part))
        say("weights", **who, digest=_digest(module))
        return _fitted(module, job, who)

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        return WitnessPredictor(self, own.module)


def _fitted(module: nn.Module, job: FitJob, who: Mapping[str, Any]) -> dict[str, Any]:
    """A short fit by the common loop, which says in which order it takes the images."""
    from torch.nn import functional as F

    from blurbench.training import minimise

    def train(epoch: int, batches: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        say("order", **who, epoch=epoch, batches=[batch.tolist() for batch in batches])
        return job.train.images, job.train.labels

    recipe = Recipe(epochs=2, batch_size=16)
    return minimise(module, F.cross_entropy, len(job.train), train, None, recipe, job.setting.seed)


def _digest(module: nn.Module) -> str:
    state = b"".join(value.detach().cpu().numpy().tobytes() for value in module.state_dict().values())
    return hashlib.sha256(state).hexdigest()


@dataclass(frozen=True)
class WitnessPredictor(Predictor):
    """Right on six of ten images; its confidence lies between 1/4 and 1."""

    strategy: Witness
    module: nn.Module | None

    def predict(self, degraded: Degraded) -> Output:
        import torch

        images = degraded.images
        position = torch.tensor([256 * a + b for a, b in zip(codes(images, 1), codes(images, 2), strict=True)])
        label = torch.tensor(codes(images, 4)) // 40
        right = (7 * position + self.strategy.offset) % 10 < 6
        predicted = torch.where(right, label, (label + 1) % CLASSES)
        # Near the lower edge of one of 15 bins where it is right, near the upper edge where it is wrong: with bins of
        # another width the two would not meet.
        confidence = (4 + position % 11 + torch.where(right, 0.1, 0.9)) / 15
        logits = torch.zeros(len(images), CLASSES)
        logits[torch.arange(len(images)), predicted] = (confidence / (1 - confidence) * (CLASSES - 1)).log()
        seen = {
            "told_psf": torch.full((len(images),), float(degraded.psf is not None)),
            "told_noise": torch.full((len(images),), float(degraded.noise_std)),
            "drawn": images[:, 0, 0, 3],
            "of_test": torch.tensor([float(code == PARTS["test"]) for code in codes(images, 0)]),
        }
        return Output(logits, observations=seen)


@dataclass(frozen=True)
class WitnessRestorer(Restorer):
    """Says what it is given to fit; what it gives leaves [0, 1] on both sides."""

    def build(self, shape: Shape) -> nn.Module:
        from torch import nn

        return nn.Conv2d(shape.channels, shape.channels, 1)

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        from blurbench.training import fit_restorer

        for name, part in {"train": job.train, "validation": job.validation}.items():
            say("restorer", seed=job.seed, part=name, **shown(part))
        return fit_restorer(module, job, self.recipe(job.budget))

    def restore(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        return 3 * images - 1


# --- a classifier that stops early ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Patient(Classifier):
    """A small network that keeps the epoch that is best on the validation images."""

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from torch import nn

        values = shape.channels * shape.height * shape.width
        return nn.Sequential(nn.Flatten(), nn.Linear(values, 16), nn.ReLU(), nn.Linear(16, classes))

    def units(self, module: Any) -> Sequence[Sequence[nn.Module]]:
        return ((module[1],), (module[3],))

    def recipe(self, purpose: Any, budget: Budget) -> Recipe:
        return Recipe(epochs=12, learning_rate=3e-3, batch_size=16, schedule="constant", patience=3)


@hookimpl
def register_datasets(register: Any) -> None:
    register("witness-data", WitnessData)


@hookimpl
def register_blurs(register: Any) -> None:
    register("witness-blur", WitnessBlur)


@hookimpl
def register_strategies(register: Any) -> None:
    register("witness", Witness)


@hookimpl
def register_restorers(register: Any) -> None:
    register("witness-restorer", WitnessRestorer)


@hookimpl
def register_classifiers(register: Any) -> None:
    register("patient", Patient)
