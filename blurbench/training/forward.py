"""Asking a fitted network without keeping a graph, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["CHUNK", "forward"]

CHUNK = 256
"""Images that go through a network at once: bounds the memory, whatever the number of images."""


def forward(module: Callable[..., Tensor], images: Tensor, *more: Tensor) -> Tensor:
    """`module(images, *more)` in inference mode; the first axis of all tensors, N, is cut into chunks."""
    if torch.compiler.is_exporting():  # a program that is traced takes any number
        return module(images, *more)
    with torch.inference_mode():
        parts = [torch.split(tensor, CHUNK) for tensor in (images, *more)]
        return torch.cat([module(*chunk) for chunk in zip(*parts, strict=True)])
