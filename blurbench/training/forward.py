"""Asking a fitted network without keeping a graph, a chunk at a time; changing images that memory does not hold."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from blurbench.contract import ImageSet
from blurbench.imaging.gathered import Gathered

__all__ = ["CHUNK", "batchwise", "forward"]

CHUNK = 256
"""Images that are worked on at once: bounds the memory, whatever their number."""


def forward(module: Callable[..., Tensor], images: Tensor, *more: Tensor) -> Tensor:
    """`module(images, *more)` in inference mode; the first axis of all tensors, N, is cut into chunks."""
    if torch.compiler.is_exporting():  # a program that is traced takes any number
        return module(images, *more)
    size = CHUNK // 2 if images.device.type == "cpu" else CHUNK  # features of more leave a processor's caches
    chunks = [slice(start, start + size) for start in range(0, max(1, len(images)), size)]
    with torch.inference_mode():
        return torch.cat([module(*(tensor[rows] for tensor in (images, *more))) for rows in chunks])


def batchwise(images: ImageSet, change: Callable[[ImageSet], Tensor]) -> Tensor:
    """What `change` makes of a part's images (N, C, H, W), each by itself; batch by batch, when a batch is asked for,
    where memory does not hold them."""
    if isinstance(images.images, Gathered):
        return images.images.of(lambda rows: change(images.part(rows)))
    return change(images)
