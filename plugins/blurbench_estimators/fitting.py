"""Fitting `cnn-sigma`: which squares at which sigmas it meets, and what it is told about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional as F

from blurbench.contract import EstimatorJob, ImageSet
from blurbench.imaging.sharpness import grey
from blurbench.imaging.windows import at_least
from blurbench.training import derived_seed, forward, minimise
from blurbench_estimators.patches import Patches

if TYPE_CHECKING:
    from blurbench_estimators.cnn_sigma import CnnSigma

__all__ = ["fit"]

HELD_OUT = 0.3
"""Of the patches, where a share of them validates instead of other pictures."""
VALIDATED = 3000
"""Validation patches."""


def fit(estimator: CnnSigma, module: nn.Module, job: EstimatorJob) -> Mapping[str, Any]:
    """Fit `module` in place; JSON notes with the loss, and for classes the share that was right, epoch by epoch."""
    generator = torch.Generator().manual_seed(derived_seed(job.seed, "patches"))
    patches = _patches(estimator, job.train)
    numbers = torch.randperm(len(patches), generator=generator)[: max(1, round(estimator.share * len(patches)))]
    if job.validation is None:
        held = max(1, round(HELD_OUT * len(numbers)))
        numbers, held_out = numbers[held:], (patches, numbers[:held])
    else:
        others = _patches(estimator, job.validation)
        held_out = others, torch.randperm(len(others), generator=generator)
    known, answers = held_out[0].cut(held_out[1][:VALIDATED], generator)
    count = min(estimator.patches, len(numbers))
    _standardise(module, patches.cut(numbers[:VALIDATED], generator)[0])
    is_class = estimator.network != "fcn"
    sigmas = job.train.images.new_tensor(estimator.sigmas())

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
    return minimise(module, loss, count, train, validate, estimator.recipe(job.budget), job.seed)


def _patches(estimator: CnnSigma, pictures: ImageSet) -> Patches:
    images = at_least(grey(pictures.images), estimator.window)
    return Patches(images, estimator.sigmas(), estimator.window, estimator.padding, estimator.noise)


def _standardise(module: nn.Module, patches: torch.Tensor) -> None:
    """The network standardises its input by one mean and one standard deviation, kept with its weights."""
    for name, value in (("mean", patches.mean()), ("std", patches.std())):
        module.get_buffer(name).copy_(value)


def _squared_error(said: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Of sigma at every pixel (N, H, W) from each patch's own (N,)."""
    return (said - sigma[:, None, None]).square().mean()
