"""How many images a predictor is asked about at once."""

from __future__ import annotations

from torch import Tensor

from blurbench.contract import Predictor

__all__ = ["at_once"]

VALUES = 2**21
"""Of images at once on a processor: 8 photographs of 224 pixels. Of more, features take gigabytes and leave the caches,
and nothing is faster for it."""


def at_once(predictor: Predictor, images: Tensor) -> int | None:
    """As many of `images` (N, C, H, W) as `predictor` declares; None: all. Fewer where they are large, on a processor,
    and answers do not depend on who else is asked about: a power of two, so that it divides what was blurred together.
    """
    if predictor.batch is None or predictor.adapts or images.device.type != "cpu" or not images.numel():
        return predictor.batch
    most = max(1, VALUES // images[0].numel())
    return min(predictor.batch, 1 << (most.bit_length() - 1))
