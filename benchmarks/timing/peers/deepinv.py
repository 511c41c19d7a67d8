"""deepinv: direct and FFT convolution with one kernel an image, and product convolution where the kernel varies."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.timing.families import Case
from benchmarks.timing.peers.contender import Contender
from blurbench.contract import GaussianPsf, SigmaMap
from blurbench.imaging.psf import dense

__all__ = ["contenders"]

functional = importlib.import_module("deepinv.physics.functional")

BANK = 8
"""Uniform blurs between which product convolution interpolates."""


def contenders(case: Case) -> Iterator[Contender]:
    """All of them, where they apply."""
    if isinstance(case.psf, SigmaMap):
        filters, shares = _bank(case.psf, case.images)
        yield Contender(
            "deepinv product_convolution2d",
            lambda: functional.product_convolution2d(case.images, shares, filters, padding="reflect", mask_first=False),
            remark=f"approximate: a blend of {BANK} uniform blurs",
        )
    if case.kernels is None:
        return
    filters = case.kernels[:, None]
    yield Contender("deepinv conv2d", lambda: functional.conv2d(case.images, filters, padding="reflect"))
    yield Contender("deepinv conv2d_fft", lambda: functional.conv2d_fft(case.images, filters, padding="reflect"))
    yield Contender(
        "deepinv conv2d_fft, circular",
        lambda: functional.conv2d_fft(case.images, filters, padding="circular"),
        remark="another border: it wraps around",
    )


def _bank(psf: SigmaMap, images: torch.Tensor) -> tuple[Any, Any]:
    """Filters (1, 1, K, k, k) and, for each pixel, how much of each (N, 1, K, H, W): linear between neighbours."""
    assert psf.radius is not None
    sigmas = torch.linspace(float(psf.sigma.min()), float(psf.sigma.max()), BANK, dtype=torch.float64)
    kernels = dense(GaussianPsf(sigmas, 2 * int(psf.radius.max()) + 1)).weights.to(images)
    step = float(sigmas[1] - sigmas[0])
    distance = (psf.sigma[:, None] - sigmas.to(psf.sigma.device)[:, None, None]).abs() / step
    return kernels[None, None], (1 - distance).clamp_min(0)[:, None].to(images)
