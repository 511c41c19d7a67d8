"""Fitting as a run does it: seeded weights, a fresh blur for each epoch, the state stored and read back."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

from blurbench.contract import (
    Blur,
    Budget,
    Degraded,
    Estimator,
    EstimatorJob,
    ImageSet,
    Recipe,
    Restorer,
    RestorerJob,
    Shape,
)
from blurbench.imaging.draws import Draws
from blurbench.measurements.contract_checks import check_module, plain_notes
from blurbench.testing.guards import equal_states, frozen_state, is_reading, undisturbed
from blurbench.testing.report import Report
from blurbench.testing.samples import BUDGET

__all__ = [
    "Blurring",
    "check_again",
    "check_learning",
    "check_recipe",
    "check_stored",
    "fit_estimator",
    "fit_restorer",
    "fitted",
    "seeded",
    "stored_and_loaded",
]


def seeded(build: Callable[[], nn.Module | None], seed: int = 0) -> nn.Module | None:
    """A network whose weights are drawn from `seed`."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    module = build()
    check_module("build()", module)
    return module


class Blurring:
    """`blur(image_set, epoch)` of a fit; it counts the calls, and notes images that are none of the fit's."""

    def __init__(self, report: Report, blur: Blur, train: ImageSet, validation: ImageSet) -> None:
        self.report, self.blur, self.train, self.validation = report, blur, train, validation
        self.calls = 0

    def __call__(self, images: ImageSet, epoch: int) -> Degraded:
        self.calls += 1
        part = "validation" if images is self.validation else "train"
        known = set(getattr(self, part).ids.tolist())
        self.report.expect(
            set(images.ids.tolist()) <= known,
            f"fit() asked for the blur of {part} images that it was not given",
            "pass job.train or job.validation, or a part of them, to job.blur",
        )
        return self.blur.degrade_set(images, Draws(images.ids, 0, (part, epoch), images.images.device))


def fitted(
    report: Report, build: Callable[[], nn.Module | None], fit: Callable[[Any], Any], given: Any
) -> tuple[nn.Module | None, Mapping[str, Any]]:
    """Build and fit; the network in eval mode and the notes. What was given must stay as it is."""
    with undisturbed(report, "build()", may_draw=True):
        module = seeded(build)
    before = frozen_state(module)
    with undisturbed(report, "fit()", may_draw=True), is_reading(report, "fit()", given):
        notes = plain_notes("fit()", fit(module))
    report.expect(
        module is None or not before or not equal_states(before, frozen_state(module)),
        "fit() left every weight as it was",
        "fit the module that it is given in place: another one is not stored",
    )
    return None if module is None else module.eval().requires_grad_(False), notes


def check_learning(report: Report, notes: Mapping[str, Any], before: float, after: float, what: str) -> None:
    """A fit must lower its loss: the one that it notes epoch by epoch, or `what` on its training images."""
    losses = notes.get("train_loss") or [before, after]
    report.expect(
        losses[-1] < losses[0] or after < before,
        f"fit() did not lower the loss ({losses[0]:.4g} to {losses[-1]:.4g}; {what} {before:.4g} to {after:.4g})",
        "look at the learning rate of recipe(), and whether the gradient reaches the weights",
    )


def check_recipe(report: Report, recipe: Callable[[Budget], Recipe]) -> None:
    """A recipe for both kinds of budget."""
    for kind in ("fast", "paper"):
        with report.trying("recipe()"):
            given: Any = recipe(Budget("check", recipes=kind))
            report.expect(isinstance(given, Recipe), f"recipe() gave {type(given).__name__}", "give a Recipe")


def stored_and_loaded(module: nn.Module, build: Callable[[], nn.Module | None]) -> nn.Module:
    """A network built anew, from other weights, with the state of `module` read from a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.safetensors"
        save_model(module, str(path))
        fresh = seeded(build, seed=1)
        assert fresh is not None
        load_model(fresh, str(path))
    return fresh.eval().requires_grad_(False)


def check_again(report: Report, module: nn.Module, again: nn.Module | None) -> None:
    """A second fit gives the same network."""
    report.expect(
        equal_states(frozen_state(module), frozen_state(again)),
        "fitting twice with the same seed gives other weights",
        "draw from generators seeded with job.seed (blurbench.training.derived_seed)",
    )


def check_stored(
    report: Report,
    module: nn.Module,
    build: Callable[[], nn.Module | None],
    ask: Callable[[nn.Module], Tensor],
    otherwise: str,
) -> None:
    """A network that was stored and loaded answers as it did."""
    loaded = stored_and_loaded(module, build)
    with torch.inference_mode():
        same = torch.equal(ask(module), ask(loaded))
    report.expect(
        same,
        f"stored and loaded, the fitted network {otherwise}",
        "keep all that fit() learns in parameters and buffers (register_buffer) of the module",
    )


def fit_restorer(
    report: Report, restorer: Restorer, blur: Blur, train: ImageSet, validation: ImageSet
) -> tuple[nn.Module | None, Mapping[str, Any]]:
    """A restorer fitted to `blur`."""
    shape = Shape(*train.images.shape[1:])
    blurring = Blurring(report, blur, train, validation)
    job = RestorerJob(train, validation, blurring, BUDGET, 0)
    return fitted(
        report,
        lambda: restorer.build(shape),
        lambda module: {} if module is None else restorer.fit(module, job),
        (train, validation),
    )


def fit_estimator(
    report: Report, estimator: Estimator, train: ImageSet, validation: ImageSet
) -> tuple[nn.Module | None, Mapping[str, Any]]:
    """An estimator fitted to clean pictures."""
    job = EstimatorJob(train, validation, BUDGET, 0)
    return fitted(
        report,
        estimator.build,
        lambda module: {} if module is None else estimator.fit(module, job),
        (train, validation),
    )
