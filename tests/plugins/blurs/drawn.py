"""Images, and what is drawn for them."""

from __future__ import annotations

import math

import numpy as np
import torch

from blurbench.contract import Blur, Degraded
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import dense

ROUNDING = 1 / (255 * math.sqrt(12))


def images(n: int = 4, c: int = 1, side: int = 28) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((n, c, side, side), dtype=np.float32))


def draws(n: int = 4, seed: int = 1) -> Draws:
    return Draws(range(n), seed, ("test",))


def degraded(blur: Blur, x: torch.Tensor) -> Degraded:
    return blur.degrade(x, draws(len(x)))


def weights(blur: Blur, n: int = 4) -> torch.Tensor:
    return dense(blur.psf(draws(n))).weights


def centroids(psfs: torch.Tensor) -> torch.Tensor:
    """(N, 2), rows and columns."""
    place = torch.arange(psfs.shape[-1], dtype=torch.float64) - psfs.shape[-1] // 2
    return torch.stack([(psfs.sum(2) * place).sum(1), (psfs.sum(1) * place).sum(1)], -1)
