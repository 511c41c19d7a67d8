"""torch alone, as a careful user would write it: all images and channels as groups of one convolution."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.nn import functional as F

from benchmarks.timing.families import Case
from benchmarks.timing.peers.contender import Contender
from blurbench.contract import GaussianPsf, SigmaMap
from blurbench.imaging.psf import gaussian_taps

__all__ = ["contenders", "grouped"]


def contenders(case: Case) -> Iterator[Contender]:
    """A grouped convolution; two passes for Gaussians; tap by tap where the kernel varies."""
    match case.psf:
        case SigmaMap():
            yield Contender("torch tap by tap", lambda: tap_by_tap(case))
        case GaussianPsf(sigma=sigma, size=size):
            taps = gaussian_taps(sigma, size).to(case.images)
            yield Contender("torch two passes", lambda: two_passes(case.images, taps))
    if case.kernels is not None:
        kernels = case.kernels.flip(-2, -1).contiguous()
        yield Contender("torch grouped", lambda: grouped(case.images, kernels))


def grouped(images: torch.Tensor, kernels: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W) correlated with kernels (N, k, k), mirrored at the border."""
    n, c, h, w = images.shape
    padded = F.pad(images, (kernels.shape[-1] // 2,) * 4, mode="reflect")
    weights = kernels.repeat_interleave(c, 0)[:, None]
    return F.conv2d(padded.view(1, n * c, *padded.shape[-2:]), weights, groups=n * c).view(n, c, h, w)


def two_passes(images: torch.Tensor, taps: torch.Tensor) -> torch.Tensor:
    """Images (N, C, H, W) correlated with taps (N, k) down the columns, then along the rows."""
    n, c, h, w = images.shape
    padded = F.pad(images, (taps.shape[-1] // 2,) * 4, mode="reflect").view(1, n * c, -1, w + taps.shape[-1] - 1)
    weights = taps.repeat_interleave(c, 0)
    down = F.conv2d(padded, weights[:, None, :, None], groups=n * c)
    return F.conv2d(down, weights[:, None, None, :], groups=n * c).view(n, c, h, w)


def tap_by_tap(case: Case) -> torch.Tensor:
    """A Gaussian of its own at every pixel: one multiplication and one addition for every tap of the largest."""
    assert isinstance(case.psf, SigmaMap)
    assert case.psf.radius is not None
    images, sigma, radius = case.images, case.psf.sigma.float(), case.psf.radius
    height, width = images.shape[-2:]
    half = int(radius.max())
    profile = [torch.exp(-0.5 * (d / sigma) ** 2) * (d <= radius) for d in range(half + 1)]
    total = profile[0] + 2 * torch.stack(profile[1:]).sum(0)
    profile = [(part / total)[:, None] for part in profile]
    padded = F.pad(images, (half,) * 4, mode="reflect")
    blurred = torch.zeros_like(images)
    for dy in range(-half, half + 1):
        for dx in range(-half, half + 1):
            shifted = padded[..., half + dy : half + dy + height, half + dx : half + dx + width]
            blurred.addcmul_(shifted, profile[abs(dy)] * profile[abs(dx)])
    return blurred
