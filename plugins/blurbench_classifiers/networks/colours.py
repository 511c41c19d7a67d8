"""What networks share that are standardised by the colours of the training images."""

from __future__ import annotations

from torch import Tensor

__all__ = ["take_colours"]


def take_colours(images: Tensor, mean: Tensor, deviation: Tensor) -> None:
    """Fill `mean` and `deviation` (C, 1, 1) from images (N, C, H, W); a colour that never varies is no division by
    zero."""
    mean.copy_(images.mean(dim=(0, 2, 3))[:, None, None])
    deviation.copy_(images.std(dim=(0, 2, 3))[:, None, None].clamp_min(1 / 255))
