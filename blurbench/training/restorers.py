"""Fitting a restorer: mean squared error over all pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blurbench.contract import Recipe, RestorerJob
from blurbench.imaging.precision import finely
from blurbench.training.forward import CHUNK, forward
from blurbench.training.loop import Batches, minimise
from blurbench.training.seeding import derived_seed

__all__ = ["Augment", "fit_restorer"]

Augment: TypeAlias = Callable[[Tensor, Sequence[Tensor], torch.Generator], Tensor]
"""`augment(images, batches, generator)`: clean images (N, C, H, W) to as many other ones. `batches` holds the positions
of the images that will form each batch; random numbers come from `generator`, a CPU one."""


def fit_restorer(
    module: nn.Module,
    job: RestorerJob,
    recipe: Recipe,
    augment: Augment | None = None,
    loss: Callable[[Any, Tensor], Tensor] = F.mse_loss,
) -> dict[str, Any]:
    """Fit `module` in place to give back clean images from `job.blur`'s; the blur is drawn afresh for each epoch.

    `augment` changes the clean training images before they are blurred. `loss` takes what the module gives in training
    mode, which may be more than an image, and the clean images; in eval mode the module gives images alone. Returns
    JSON notes: epochs, steps, images_seen and, epoch by epoch, train_loss (`loss`) and validation_loss (mean squared
    error on the 0..1 scale).
    """
    generator = torch.Generator().manual_seed(derived_seed(job.seed, "augmentation"))

    def train(epoch: int, batches: Batches) -> tuple[Tensor, Tensor]:
        clean = job.train
        if augment:
            # A recorded blurred photograph does not show what was turned here.
            clean = replace(clean, images=augment(clean.images, batches, generator), recorded=None)
        return job.blur(clean, epoch).images, clean.images

    def validate(epoch: int) -> dict[str, float]:
        return {"loss": _mean_squared_error(module, job.blur(job.validation, epoch).images, job.validation.images)}

    has_validation = len(job.validation) > 0
    return minimise(module, loss, len(job.train), train, validate if has_validation else None, recipe, job.seed)


def _mean_squared_error(module: nn.Module, blurred: Tensor, clean: Tensor) -> float:
    """Over all pixels of what `module` restores, a chunk at a time."""
    total = finely(clean.new_zeros(()))
    for start in range(0, len(clean), CHUNK):
        some, wanted = blurred[start : start + CHUNK], clean[start : start + CHUNK]
        total += len(wanted) * finely(F.mse_loss(forward(module, some), wanted))
    return (total / len(clean)).item()
