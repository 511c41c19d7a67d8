"""Asking a fitted network without keeping a graph, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from blurbench.protocols import Predictor
from blurbench.types import Degraded, Output

__all__ = ["CHUNK", "ModulePredictor", "forward"]

CHUNK = 256
"""Images that go through a network at once: bounds the memory, whatever the number of images."""


def forward(module: Callable[..., Tensor], images: Tensor, *more: Tensor) -> Tensor:
    """`module(images, *more)` in inference mode; the first axis of all tensors, N, is cut into chunks."""
    with torch.inference_mode():
        parts = [torch.split(tensor, CHUNK) for tensor in (images, *more)]
        return torch.cat([module(*chunk) for chunk in zip(*parts, strict=True)])


class ModulePredictor(Predictor):
    """The network alone: its logits for the images as they come."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module.eval()

    def predict(self, degraded: Degraded) -> Output:
        return Output(forward(self.module, degraded.images))

    def logits_network(self) -> nn.Module:
        return self.module
