"""How many images a predictor is asked about at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from blurbench.contract import Predictor

if TYPE_CHECKING:
    import torch

__all__ = ["at_once"]

VALUES = 2**21
"""Of images at once on a processor: 8 photographs of 224 pixels. Of more, features take gigabytes and leave the caches,
and nothing is faster for it."""


def at_once(predictor: Predictor, shape: Sequence[int], device: torch.device) -> int | None:
    """As many images of `shape` (C, H, W) as `predictor` declares; None: all. Fewer where they are large, on a
    processor, and answers do not depend on who else is asked about: a power of two, so that it divides what was blurred
    together.
    """
    if predictor.batch is None or predictor.adapts or device.type != "cpu":
        return predictor.batch
    most = max(1, VALUES // math.prod(shape))
    return min(predictor.batch, 1 << (most.bit_length() - 1))
