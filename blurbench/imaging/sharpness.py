"""Variance of the Laplacian, the usual score of sharpness: the lower, the blurrier (Pech-Pacheco et al. 2000)."""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn import functional as F

from blurbench.errors import UsageError
from blurbench.imaging.arguments import check_images
from blurbench.imaging.files import LUMA

__all__ = ["grey", "laplacian", "laplacian_variance", "patch_laplacian_variance"]


def laplacian(images: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W) in [0, 1], one channel or red, green and blue -> (N, H, W) on the scale of 0..255, at
    least float32.

    The response of the grey image to [0 1 0; 1 -4 1; 0 1 0], mirrored at the border without repeating the edge.
    Raises UsageError where the images are not floating-point numbers, or have fewer than 2 pixels a side.
    """
    check_images(images, least=2)
    values = 255.0 * grey(images)
    # Half precision ends at 65504, which squares of these soon exceed.
    values = values if values.dtype == torch.float64 else values.float()
    x = F.pad(values, (1, 1, 1, 1), mode="reflect")[:, 0]
    return x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:] - 4.0 * x[:, 1:-1, 1:-1]


def laplacian_variance(images: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W) in [0, 1] -> (N,), the population variance of the response over the image."""
    return _variance(laplacian(images))


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
    check_images(images)
    if type(patch) is not int or patch < 1 or images.shape[-2] % patch or images.shape[-1] % patch:
        raise UsageError(f"patches of {patch!r} pixels do not tile images of {images.shape[-2]}x{images.shape[-1]}")
    if scope == "image":
        return _variance(_tiles(laplacian(images), patch))
    tiles = _tiles(grey(images)[:, 0], patch)
    return laplacian_variance(tiles.flatten(0, 1)[:, None]).view(tiles.shape[:2])


def grey(images: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W), one channel or red, green and blue -> (N, 1, H, W) by the luma weights of BT.601.

    Of one channel they are the images themselves, not a copy. Raises UsageError for other numbers of channels, and for
    images that are not floating-point numbers.
    """
    check_images(images)
    if images.shape[1] == 1:
        return images
    if images.shape[1] != len(LUMA):
        raise UsageError(f"grey values are made of one channel, or of red, green and blue, not of {images.shape[1]}")
    weights = images.new_tensor(LUMA)[:, None, None]
    return (images * weights).sum(1, keepdim=True)


def _variance(x: torch.Tensor) -> torch.Tensor:
    """(..., h, w) -> (...); torch warns of variances of which there is none."""
    return x.flatten(-2).var(-1, correction=0) if x.numel() else x.new_zeros(x.shape[:-2])


def _tiles(x: torch.Tensor, patch: int) -> torch.Tensor:
    """(N, H, W) -> (N, P, patch, patch)."""
    return x.unfold(1, patch, patch).unfold(2, patch, patch).flatten(1, 2)
