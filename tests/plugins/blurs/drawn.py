"""Images, and what is drawn for them."""

from __future__ import annotations

import math

import numpy as np
import torch

from blurbench.contract import Blur, Degraded
from blurbench.imaging.draws import Draws

ROUNDING = 1 / (255 * math.sqrt(12))


def images(n: int = 4, c: int = 1, side: int = 28) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((n, c, side, side), dtype=np.float32))


def draws(n: int = 4, seed: int = 1) -> Draws:
    return Draws(range(n), seed, ("test",))


def degraded(blur: Blur, x: torch.Tensor) -> Degraded:
    return blur.degrade(x, draws(len(x)))
