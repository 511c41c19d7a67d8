"""How near images come to their reference: MSE, PSNR and SSIM, each a mean over images.

All take `images` and `reference` as float (N, C, H, W) on the 0..1 scale and compare them as they are, unclipped.
SSIM is written out here because torchmetrics averages over a padded border (the papers' `tf.image.ssim` does not),
takes seconds to import and is many times slower.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from blurbench.imaging.precision import finely

__all__ = ["HIGHEST_PSNR", "errors", "mse", "psnr", "psnrs", "similarities", "ssim"]

HIGHEST_PSNR = 100.0
"""In dB: what identical images get instead of infinity, so that a mean over images stays finite."""

_WINDOW, _STD = 11, 1.5
_C1, _C2 = 0.01**2, 0.03**2
_CHUNK = 128
"""Images at a time: the five moment images of a chunk stay in the processor's cache."""


def mse(images: torch.Tensor, reference: torch.Tensor) -> float:
    """Mean squared error over all pixels."""
    return float(errors(images, reference).mean())


def errors(images: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """The mean squared error of each image, (N,)."""
    each = [(one - other).square().flatten(1).mean(dim=1) for one, other in _chunks(images, reference)]
    return finely(torch.cat(each))


def psnr(images: torch.Tensor, reference: torch.Tensor) -> float:
    """Mean over images of 10 log10(1 / MSE of the image), in dB; no image counts for more than `HIGHEST_PSNR`."""
    return float(psnrs(errors(images, reference)).mean())


def psnrs(errors: torch.Tensor) -> torch.Tensor:
    """The PSNR of each image from its mean squared error, in dB."""
    return -10 * errors.clamp(min=10 ** (-HIGHEST_PSNR / 10)).log10()


def ssim(images: torch.Tensor, reference: torch.Tensor) -> float:
    """Structural similarity as in `tf.image.ssim`: 11x11 Gaussian window of standard deviation 1.5, K1 0.01, K2 0.03,
    only where the window lies within the image; mean over channels. Images smaller than the window get the largest
    odd window that fits. Wang et al. 2004.
    """
    return float(similarities(images, reference).mean())


def similarities(images: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """The structural similarity of each image, (N,)."""
    return torch.cat([_similarities(*pair) for pair in _chunks(images, reference)])


def _chunks(images: torch.Tensor, reference: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    return zip(torch.split(images, _CHUNK), torch.split(reference, _CHUNK), strict=True)


def _similarities(images: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    height, width = images.shape[-2:]
    window = min(_WINDOW, height, width)
    rows, columns = (_averaging(size, window - 1 + window % 2).to(images) for size in (height, width))
    moments = torch.stack([images, reference, images * images, reference * reference, images * reference])
    mean, other, square, other_square, product = rows @ moments @ columns.mT
    covariance = product - mean * other
    variances = square - mean.square() + other_square - other.square()
    luminance = (2 * mean * other + _C1) / (mean.square() + other.square() + _C1)
    similarity: torch.Tensor = luminance * (2 * covariance + _C2) / (variances + _C2)
    return similarity.flatten(1).mean(dim=1)


def _averaging(size: int, window: int) -> torch.Tensor:
    """The matrix (size - window + 1, size) that takes Gaussian-weighted means along an axis of that size."""
    offsets = torch.arange(window, dtype=torch.float64) - window // 2
    weights = torch.exp(-0.5 * (offsets / _STD) ** 2)
    places = size - window + 1
    matrix = torch.zeros(places, size, dtype=torch.float64)
    for place in range(places):
        matrix[place, place : place + window] = weights / weights.sum()
    return matrix
