"""What the training steps are of: rendered characters under Gaussian blur, to be told apart or to be restored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blurbench.contract import GaussianPsf, Shape
from blurbench.imaging.convolution import convolve
from blurbench.registry.discovery import discover

__all__ = ["PROBLEMS", "Problem", "Scale", "scale_of"]

CLASSES = 47
SHAPE = Shape(1, 28, 28)
RATE = 1e-3


@dataclass(frozen=True)
class Scale:
    """Images a step, steps a block, and networks that are fitted together."""

    classifier_batch: int
    restorer_batch: int
    steps: int
    seeds: int


def scale_of(device: torch.device) -> Scale:
    """So much that a GPU is at work for a tenth of a second in a block; so little that a CPU is done soon."""
    return Scale(8, 2, 2, 2) if device.type == "cpu" else Scale(256, 64, 40, 8)


@dataclass(frozen=True, eq=False)
class Problem:
    """A network, its loss, and the batches of a block of steps, (steps, batch, C, H, W), on the device."""

    name: str
    build: Callable[[], nn.Module]
    loss: Callable[[Tensor, Tensor], Tensor]
    inputs: Tensor
    targets: Tensor
    seeds: int
    rate: float = RATE

    @property
    def batch(self) -> int:
        return self.inputs.shape[1]

    def network(self, seed: int = 0) -> nn.Module:
        """A new network on the device, with the weights of that seed, to be trained."""
        torch.manual_seed(seed)
        return self.build().to(self.inputs.device).train()


def classifier_problem(device: torch.device, scale: Scale) -> Problem:
    """`cnn3` as published: cross entropy."""
    inputs, _, labels = _batches(scale.classifier_batch, scale.steps, device)
    built = discover().resolve("classifiers", "cnn3")
    return Problem("cnn3", lambda: built.build(SHAPE, CLASSES), F.cross_entropy, inputs, labels, scale.seeds)


def restorer_problem(device: torch.device, scale: Scale) -> Problem:
    """`unet` with its 9x9 kernels: mean squared error."""
    inputs, clean, _ = _batches(scale.restorer_batch, scale.steps, device)
    built = discover().resolve("restorers", "unet")
    return Problem("unet", lambda: built.build(SHAPE), F.mse_loss, inputs, clean, scale.seeds)


PROBLEMS: dict[str, Callable[[torch.device, Scale], Problem]] = {"cnn3": classifier_problem, "unet": restorer_problem}


def _batches(batch: int, steps: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Blurred and clean images and labels, each (steps, batch, ...)."""
    train = discover().resolve("datasets", "glyphs").load(()).train
    order = torch.randperm(len(train.labels), generator=torch.Generator().manual_seed(0))
    order = order.repeat(-(-batch * steps // len(order)))[: batch * steps]
    clean = (torch.from_numpy(train.images)[order].float() / 255).to(device)
    labels = torch.from_numpy(train.labels)[order].to(device)
    sigma = torch.linspace(0.5, 3, len(order), dtype=torch.float64, device=device)
    blurred = convolve(clean, GaussianPsf(sigma, 9))
    blurred, clean, labels = (part.reshape(steps, batch, *part.shape[1:]) for part in (blurred, clean, labels))
    return blurred, clean, labels
