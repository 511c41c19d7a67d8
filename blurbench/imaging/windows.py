"""Square windows of images, read one by one, and where their centres lie."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.nn import functional as F

from blurbench.errors import UsageError
from blurbench.imaging.arguments import check_images

__all__ = ["at_centres", "at_least", "by_windows", "spread_out"]

_PIXELS = 2**22
"""Windows are cut out up to so many pixels at a time."""


def by_windows(
    read: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor, window: int, stride: int = 1
) -> torch.Tensor:
    """`read` (n, C, window, window) -> (n,) of every window of images (N, C, H, W), every `stride` pixels.

    Returns:
        (N, h, w) with h = (H - window) // stride + 1.

    Raises:
        UsageError: where the images are not floating-point numbers, or smaller than a window.
    """
    if window < 1 or stride < 1:
        raise UsageError(f"window and stride must be at least 1 pixel, not {window} and {stride}")
    check_images(images, least=window)
    views = images.unfold(2, window, stride).unfold(3, window, stride)
    n, c, h, w = views.shape[:4]
    if n == 0:
        return images.new_zeros(0, h, w)
    some = max(1, _PIXELS // max(1, w * c * window * window))
    answers = []
    for image in views.unbind(0):
        for part in torch.split(image, some, dim=1):
            cut = part.permute(1, 2, 0, 3, 4).reshape(-1, c, window, window)
            answers.append(read(cut))
    return torch.cat(answers).view(n, h, w)


def at_centres(field: torch.Tensor, window: int, stride: int = 1) -> torch.Tensor:
    """A quantity (..., H, W) at the centres of the windows of `by_windows`: (..., h, w)."""
    height, width = field.shape[-2:]
    down, across = (torch.arange(0, length - window + 1, stride) + window // 2 for length in (height, width))
    return field[..., down[:, None].to(field.device), across.to(field.device)]


def at_least(images: torch.Tensor, window: int) -> torch.Tensor:
    """Images (N, C, H, W), mirrored at their borders where they are smaller than `window`; else they
    themselves, not a copy. Raises UsageError where they are not floating-point numbers, or empty."""
    check_images(images, least=1)
    if 1 in images.shape[-2:]:  # one pixel has nothing to mirror: it is repeated
        images = images.expand(*images.shape[:2], *(max(2, length) for length in images.shape[-2:]))
    while min(images.shape[-2:]) < window:
        down, across = (max(0, window - length) for length in images.shape[-2:])
        down, across = min(down, 2 * (images.shape[-2] - 1)), min(across, 2 * (images.shape[-1] - 1))
        images = F.pad(images, (across // 2, across - across // 2, down // 2, down - down // 2), mode="reflect")
    return images


def spread_out(readings: torch.Tensor, window: int, stride: int, images: torch.Tensor) -> torch.Tensor:
    """Readings (N, h, w) of windows, averaged with their neighbours, at every pixel of `images` (N, C, H, W):
    (N, H, W), linear between the windows' centres, the outermost readings beyond them."""
    padded = F.pad(readings[:, None], (1, 1, 1, 1), mode="replicate")
    smooth = F.avg_pool2d(padded, 3, stride=1)[:, 0]
    for axis, length in ((1, images.shape[-2]), (2, images.shape[-1])):
        smooth = _between(smooth, axis, length, window, stride)
    return smooth


def _between(readings: torch.Tensor, axis: int, length: int, window: int, stride: int) -> torch.Tensor:
    last = readings.shape[axis] - 1
    place = ((torch.arange(length, device=readings.device) - window // 2) / stride).clamp(0, last)
    left = place.floor().long()
    share = (place - left).to(readings).view([-1 if one == axis else 1 for one in range(3)])
    right = (left + 1).clamp_max(last)
    return readings.index_select(axis, left) * (1 - share) + readings.index_select(axis, right) * share
