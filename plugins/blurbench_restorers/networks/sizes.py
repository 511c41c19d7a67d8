"""Images of other sizes: padded, halved, doubled."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

__all__ = ["doubled", "padded", "shrunk"]


def padded(images: Tensor, multiple: int) -> Tensor:
    """Images (N, C, H, W) with their last row and column repeated until both sides are multiples of `multiple`."""
    height, width = images.shape[-2:]
    return F.pad(images, (0, -width % multiple, 0, -height % multiple), mode="replicate")


def shrunk(images: Tensor, factor: int) -> Tensor:
    """Images (N, C, H // factor, W // factor), bilinear without antialiasing: for factor 2 means of four pixels, for 4
    means of the middle four of sixteen."""
    if factor == 1:
        return images
    return F.interpolate(images, scale_factor=1 / factor, mode="bilinear", align_corners=False)


def doubled(images: Tensor) -> Tensor:
    """Images (N, C, 2 H, 2 W), bilinear."""
    return F.interpolate(images, scale_factor=2, mode="bilinear", align_corners=False)
