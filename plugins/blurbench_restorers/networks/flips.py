"""The flips that the networks of Dicosola 2020 were fitted with."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["flip"]


def flip(images: Tensor, batches: Sequence[Tensor], generator: torch.Generator) -> Tensor:
    """Images (N, C, H, W), each mirrored up to down with probability 1/2 and left to right with probability 1/2."""
    mirrored = torch.rand(2, len(images), 1, 1, 1, generator=generator).to(images.device) < 0.5
    images = torch.where(mirrored[0], images.flip(-2), images)
    return torch.where(mirrored[1], images.flip(-1), images)
