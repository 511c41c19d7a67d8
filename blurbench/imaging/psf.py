"""Point spread functions of every type as images, and their composition.

A PSF sums to 1; its centre pixel is offset 0, and a bright point at p is seen at p + offset.
"""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from blurbench.errors import UsageError
from blurbench.imaging.precision import finely, finest
from blurbench.imaging.values import DensePsf, DiscPsf, GaussianPsf, Psf, SigmaMap, TapsPsf

__all__ = [
    "compose",
    "delta",
    "dense",
    "disc_radius",
    "from_kernel",
    "gaussian_profile",
    "gaussian_radius",
    "gaussian_taps",
    "is_delta",
]


def dense(psf: Psf) -> DensePsf:
    """Any PSF but a map as `weights` float64 (N, k, k), k odd: the smallest k that holds all N of them.

    On a device without float64, as mps, float32.

    Raises:
        UsageError: for a `SigmaMap`, whose PSF changes from pixel to pixel.
    """
    match psf:
        case DensePsf():
            return DensePsf(finely(psf.weights))
        case GaussianPsf():
            taps = gaussian_taps(psf.sigma, psf.size)
            return DensePsf(taps[:, :, None] * taps[:, None, :])
        case TapsPsf():
            return DensePsf(_splat(psf))
        case DiscPsf():
            return DensePsf(_disc(psf.radius))
        case SigmaMap():
            raise UsageError("a map of sigma has a different PSF at every pixel, so there is no single one to give")


def delta(n: int, device: torch.device | str = "cpu") -> TapsPsf:
    """N PSFs that change nothing."""
    where = torch.device(device)
    offsets = torch.zeros(n, 1, 2, dtype=torch.int64, device=where)
    return TapsPsf(offsets, torch.ones(n, 1, dtype=finest(where), device=where))


def is_delta(psf: Psf) -> bool:
    """Whether all N PSFs are known to change nothing (only taps are looked at)."""
    return (
        isinstance(psf, TapsPsf)
        and psf.offsets.shape[1] == 1
        and not bool(psf.offsets.any())
        and bool((psf.weights == 1).all())
    )


def compose(first: Psf, second: Psf) -> Psf:
    """The PSFs of `second` applied after `first`, away from the border: the full convolution, dense, unless one of the
    two is a delta. Raises UsageError where a `SigmaMap` meets another blur."""
    if is_delta(first):
        return second
    if is_delta(second):
        return first
    one, two = dense(first).weights, dense(second).weights
    side = one.shape[-1] + two.shape[-1] - 1
    spectrum = torch.fft.rfft2(one, s=(side, side)) * torch.fft.rfft2(two, s=(side, side))
    return DensePsf(torch.fft.irfft2(spectrum, s=(side, side)))


def from_kernel(kernel: torch.Tensor) -> DensePsf:
    """Kernels (N, a, b) of a true convolution as PSFs. A side of n taps covers p - floor(n / 2) and the n - 1 pixels
    that follow, which is scipy.ndimage's centring: an even side shifts the image by half a pixel."""
    rows, columns = kernel.shape[-2:]
    half = max(rows // 2, columns // 2)
    top, left = half - rows // 2, half - columns // 2
    side = 2 * half + 1
    return DensePsf(F.pad(finely(kernel), (left, side - columns - left, top, side - rows - top)))


def disc_radius(radius: torch.Tensor) -> int:
    """The largest offset of any pixel that any of the discs (N,) touches."""
    return math.ceil(max(float(radius.detach().max()), 0.5) - 0.5)


def gaussian_radius(sigma: torch.Tensor) -> torch.Tensor:
    """floor(4 sigma + 0.5), where the weights have fallen below 1/2000 of the centre's; int64, shape of `sigma`."""
    return torch.floor(4.0 * finely(sigma.detach()) + 0.5).long()


def gaussian_profile(x: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """exp(-x^2 / (2 sigma^2)); the limit sigma = 0 is a delta."""
    return torch.exp(-0.5 * (x / sigma.clamp_min(1e-6)) ** 2)


def gaussian_taps(sigma: torch.Tensor, size: int | None = None) -> torch.Tensor:
    """The 1-D profile exp(-x^2 / (2 sigma^2)), sampled at whole pixels, over its sum; float64 (N, k).

    `size` taps, or cut at each image's own `gaussian_radius`, so that it does not depend on its neighbours in a batch.
    """
    sigma = finely(sigma)
    half = int(gaussian_radius(sigma).max()) if size is None else size // 2
    x = torch.arange(-half, half + 1, device=sigma.device)
    taps = gaussian_profile(x, sigma[:, None])
    if size is None:
        taps = taps * (x.abs() <= gaussian_radius(sigma)[:, None])
    return taps / taps.sum(1, keepdim=True)


def _splat(psf: TapsPsf) -> torch.Tensor:
    weights = finely(psf.weights)
    offsets = psf.offsets * (weights != 0)[..., None]
    half = int(offsets.abs().max())
    image = weights.new_zeros(len(weights), 2 * half + 1, 2 * half + 1)
    which = torch.arange(len(weights), device=weights.device)[:, None].expand(weights.shape)
    image.index_put_((which, half + offsets[..., 0], half + offsets[..., 1]), weights, accumulate=True)
    return image


def _disc(radius: torch.Tensor) -> torch.Tensor:
    """Area of (pixel square ∩ disc) / (pi r^2). Up to r = 1/2 the disc lies within one pixel: a delta."""
    r = finely(radius).clamp_min(0.5)[:, None]
    # The pixels from the centre on; the others are their mirror images.
    edges = torch.arange(disc_radius(radius) + 2, device=r.device, dtype=r.dtype) - 0.5
    areas = _areas(edges.abs(), r) * torch.sign(edges[:, None] * edges)
    quadrant = areas.diff(dim=1).diff(dim=2).clamp_min(0.0) / (torch.pi * r[..., None] ** 2)  # rounding leaves -1e-17
    half = torch.cat([quadrant[..., 1:].flip(-1), quadrant], -1)
    return torch.cat([half[:, 1:].flip(1), half], 1)


def _areas(edges: torch.Tensor, r: torch.Tensor) -> torch.Tensor:
    """Area of the disc, r (N, 1), within each rectangle from the centre to (y, x), both of `edges` (E,); (N, E, E)."""
    # Under the circle from 0 to an edge. At a corner outside the disc, those of the two edges overlap in what is sought
    # and cover the quarter together.
    inside = edges < r
    within = torch.where(inside, edges, 0.0)  # at the rim the root has no slope, which would make gradients NaN
    arc = 0.5 * (within * torch.sqrt((r - within) * (r + within)) + r**2 * torch.asin(within / r))
    under = torch.where(inside, arc, torch.pi / 4 * r**2)
    edges = torch.minimum(edges, r)
    beyond = under[..., None] + under[:, None] - torch.pi / 4 * r[..., None] ** 2
    y, x = edges[..., None], edges[:, None]
    return torch.where(y**2 + x**2 > r[..., None] ** 2, beyond, y * x)
