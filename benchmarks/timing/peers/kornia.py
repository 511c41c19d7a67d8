"""kornia: `filter2d` with one kernel an image, and `gaussian_blur2d`."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

from benchmarks.timing.families import Case
from benchmarks.timing.peers.contender import Contender
from blurbench.contract import GaussianPsf

__all__ = ["contenders"]

filters = importlib.import_module("kornia.filters")


def contenders(case: Case) -> Iterator[Contender]:
    """Both, where they apply."""
    if isinstance(case.psf, GaussianPsf):
        sigma, side = case.psf.sigma.float()[:, None].repeat(1, 2), (case.size.kernel,) * 2
        yield Contender("kornia gaussian_blur2d", lambda: filters.gaussian_blur2d(case.images, side, sigma))
    if case.kernels is not None:
        yield Contender("kornia filter2d", lambda: filters.filter2d(case.images, case.kernels, behaviour="conv"))
