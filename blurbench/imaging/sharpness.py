"""Variance of the Laplacian, the usual score of sharpness: the lower, the blurrier (Pech-Pacheco et al. 2000)."""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn import functional as F

from blurbench.errors import UsageError

__all__ = ["grey", "laplacian", "laplacian_variance", "patch_laplacian_variance"]

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def laplacian(images: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W) in [0, 1], one channel or red, green and blue -> (N, H, W) on the scale of 0..255.

    The response of the grey image to [0 1 0; 1 -4 1; 0 1 0], mirrored at the border without repeating the edge.
    """
    x = F.pad(255.0 * grey(images), (1, 1, 1, 1), mode="reflect")[:, 0]
    return x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:] - 4.0 * x[:, 1:-1, 1:-1]


def laplacian_variance(images: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W) in [0, 1] -> (N,), the population variance of the response over the image."""
    return laplacian(images).flatten(1).var(1, correction=0)


def patch_laplacian_variance(
    images: torch.Tensor, patch: int, scope: Literal["image", "patch"] = "image"
) -> torch.Tensor:
    """Images (N, C, H, W) -> (N, P), the score of each square patch of `patch` pixels, row by row.

    Args:
        images: in [0, 1].
        patch: the side of a patch; it divides both sides of the image.
        scope: `image` takes the response of the whole image and then cuts; `patch` cuts first, which adds each patch's
            own border.

    Raises:
        UsageError: where the patches do not tile the image.
    """
    if images.shape[-2] % patch or images.shape[-1] % patch:
        raise UsageError(f"patches of {patch} pixels do not tile images of {images.shape[-2]}x{images.shape[-1]}")
    if scope == "image":
        return _tiles(laplacian(images), patch).flatten(2).var(2, correction=0)
    tiles = _tiles(grey(images)[:, 0], patch)
    return laplacian_variance(tiles.flatten(0, 1)[:, None]).view(tiles.shape[:2])


def grey(images: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W), one channel or red, green and blue -> (N, 1, H, W) by the luma weights of BT.601."""
    if images.shape[1] == 1:
        return images
    weights = images.new_tensor(_LUMA)[:, None, None]
    return (images * weights).sum(1, keepdim=True)


def _tiles(x: torch.Tensor, patch: int) -> torch.Tensor:
    """(N, H, W) -> (N, P, patch, patch)."""
    return x.unfold(1, patch, patch).unfold(2, patch, patch).flatten(1, 2)
