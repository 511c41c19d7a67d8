"""The blurs that are timed: for each family, N typed PSFs that fit a kernel of k x k pixels. Nothing is random."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from benchmarks.timing.sizes import Size
from blurbench.contract import DiscPsf, GaussianPsf, Psf, SigmaMap, TapsPsf
from blurbench.imaging.psf import dense
from blurbench.imaging.splatting import splat

__all__ = ["MAKERS", "Case", "case_of", "changed"]


@dataclass(frozen=True, eq=False)
class Case:
    """One thing to be blurred: `images` float32 (N, C, H, W), each with its PSF. Mirrored borders."""

    family: str
    size: Size
    images: torch.Tensor
    psf: Psf
    kernels: torch.Tensor | None
    """The PSFs as images, float32 (N, k, k), a true convolution; None where they change over the image."""


def _gaussian_sampled(n: int, k: int, random: np.random.Generator) -> Psf:
    return GaussianPsf(torch.from_numpy(random.uniform(0.5, 3.0, n)), k)


def _gaussian_3(n: int, k: int, random: np.random.Generator) -> Psf:
    return GaussianPsf(torch.full((n,), 3.0, dtype=torch.float64), k)


def _diagonal_line(n: int, k: int, random: np.random.Generator) -> Psf:
    """Lines of k taps, rising or falling."""
    along = np.arange(k) - k // 2
    slope = random.choice((-1, 1), n)
    offsets = np.stack([slope[:, None] * along, np.broadcast_to(along, (n, k))], -1)
    return TapsPsf(torch.from_numpy(offsets), torch.full((n, k), 1 / k, dtype=torch.float64))


def _random_walk(n: int, k: int, random: np.random.Generator) -> Psf:
    """k - 1 steps of half a pixel from the centre, each turned a little from the last: no walk leaves the kernel."""
    turn = random.uniform(-0.5, 0.5, (n, k - 1))
    angle = random.uniform(0, 2 * math.pi, (n, 1)) + np.cumsum(turn, axis=1)
    walk = 0.5 * np.cumsum(np.stack([np.sin(angle), np.cos(angle)], -1), axis=1)
    points = torch.from_numpy(np.concatenate([np.zeros((n, 1, 2)), walk], 1))
    return splat(points, torch.full((n, k), 1 / k, dtype=torch.float64))


def _disc_sampled(n: int, k: int, random: np.random.Generator) -> Psf:
    return DiscPsf(torch.from_numpy(random.uniform(1.0, k / 2, n)))


def _disc_largest(n: int, k: int, random: np.random.Generator) -> Psf:
    return DiscPsf(torch.full((n,), k / 2, dtype=torch.float64))


def _varying(n: int, height: int, width: int, random: np.random.Generator) -> Psf:
    """Sigma from 0.3 to 3 in waves, other ones for each image; 19 taps at most."""
    phase, waves = random.uniform(0, 2 * math.pi, (n, 1, 1)), random.uniform(0.5, 2.0, (2, n, 1, 1))
    rows, columns = np.arange(height)[:, None] / height, np.arange(width)[None] / width
    map_ = torch.from_numpy(1.65 + 1.35 * np.sin(2 * math.pi * (waves[0] * rows + waves[1] * columns) + phase))
    return SigmaMap(map_, torch.full(map_.shape, 9, dtype=torch.int64))


MAKERS: Mapping[str, Callable[[int, int, np.random.Generator], Psf]] = {
    "gaussian, sampled sigma": _gaussian_sampled,
    "gaussian, sigma 3": _gaussian_3,
    "diagonal line": _diagonal_line,
    "random walk": _random_walk,
    "disc, sampled": _disc_sampled,
    "disc, largest": _disc_largest,
}


def case_of(family: str, size: Size, device: torch.device) -> Case:
    """The images and PSFs of a family at a size, the same on every machine."""
    random = np.random.Generator(np.random.PCG64(0))
    shape = (size.images, size.shape.channels, size.shape.height, size.shape.width)
    images = torch.from_numpy(random.random(shape, dtype=np.float32)).to(device)
    if family == "gaussian, varying":
        psf = _varying(size.images, size.shape.height, size.shape.width, random)
        return Case(family, size, images, changed(psf, lambda values: values.to(device)), None)
    psf = MAKERS[family](size.images, size.kernel, random)
    kernels = dense(psf).weights.float().to(device)
    return Case(family, size, images, changed(psf, lambda values: values.to(device)), kernels)


def changed(psf: Psf, change: Callable[[torch.Tensor], torch.Tensor]) -> Psf:
    """The PSFs with `change` applied to each of their tensors."""
    values: dict[str, Any] = {n: change(value) for n, value in vars(psf).items() if isinstance(value, torch.Tensor)}
    return replace(psf, **values)
