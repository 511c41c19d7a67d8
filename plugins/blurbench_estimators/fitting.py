"""Fitting `cnn-sigma`: which squares at which sigmas it meets, and what it is told about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from blurbench.contract import EstimatorJob, ImageSet, Recipe
from blurbench.training import derived_seed, forward, minimise
from blurbench_estimators.patches import Patches

__all__ = ["fit"]

HELD_OUT = 0.3
"""Of the patches, where a share of them validates instead of other pictures."""
VALIDATED = 3000
"""Validation patches."""


def fit(
    module: nn.Module,
    job: EstimatorJob,
    recipe: Recipe,
    patches_of: Callable[[ImageSet], Patches],
    share: float,
    most: int,
    is_class: bool,
) -> Mapping[str, Any]:
    """Fit `module` in place; JSON notes with the loss, and for classes the share that was right, epoch by epoch.

    Args:
        patches_of: all patches of pictures, of which a `share` is used, at most so many an epoch.
        is_class: whether the network gives a class for each patch, or sigma at every pixel.
    """
    generator = torch.Generator().manual_seed(derived_seed(job.seed, "patches"))
    patches = patches_of(job.train)
    numbers = torch.randperm(len(patches), generator=generator)[: max(1, round(share * len(patches)))]
    if job.validation is None:
        held = max(1, round(HELD_OUT * len(numbers)))
        numbers, held_out = numbers[held:], (patches, numbers[:held])
    else:
        others = patches_of(job.validation)
        held_out = others, torch.randperm(len(others), generator=generator)
    known, answers = held_out[0].cut(held_out[1][:VALIDATED], generator)
    count = min(most, len(numbers))
    _standardise(module, patches.cut(numbers[:VALIDATED], generator)[0])
    sigmas = job.train.images.new_tensor(patches.sigmas)

    def target(classes: torch.Tensor) -> torch.Tensor:
        return classes if is_class else sigmas[classes]

    def train(epoch: int, batches: Any) -> tuple[torch.Tensor, torch.Tensor]:
        which = torch.arange(epoch * count, (epoch + 1) * count) % len(numbers)
        some, classes = patches.cut(numbers[which], generator)
        return some, target(classes)

    def validate(epoch: int) -> dict[str, float]:
        said = forward(module, known)
        loss = (F.cross_entropy if is_class else _squared_error)(said, target(answers)).item()
        return {"loss": loss, **({"accuracy": (said.argmax(1) == answers).float().mean().item()} if is_class else {})}

    loss = F.cross_entropy if is_class else _squared_error
    return minimise(module, loss, count, train, validate, recipe, job.seed)


def _standardise(module: nn.Module, patches: torch.Tensor) -> None:
    """The network standardises its input by one mean and one standard deviation, kept with its weights."""
    for name, value in (("mean", patches.mean()), ("std", patches.std())):
        module.get_buffer(name).copy_(value)


def _squared_error(said: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Of sigma at every pixel (N, H, W) from each patch's own (N,)."""
    return (said - sigma[:, None, None]).square().mean()
