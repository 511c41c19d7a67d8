"""scipy: `ndimage.gaussian_filter` an image, and FFT convolution of the whole batch."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import numpy as np
import torch

from benchmarks.timing.families import Case
from benchmarks.timing.peers.contender import Contender
from blurbench.contract import GaussianPsf

__all__ = ["contenders"]

ndimage, signal = importlib.import_module("scipy.ndimage"), importlib.import_module("scipy.signal")


def contenders(case: Case) -> Iterator[Contender]:
    """Both, where they apply."""
    if case.kernels is None:
        return
    images, half = case.images.numpy(), case.size.kernel // 2
    if isinstance(case.psf, GaussianPsf):
        sigmas = case.psf.sigma.tolist()

        def gaussian() -> torch.Tensor:
            blurred = np.empty_like(images)
            for image, sigma, out in zip(images, sigmas, blurred, strict=True):
                ndimage.gaussian_filter(image, (0, sigma, sigma), mode="mirror", radius=(0, half, half), output=out)
            return torch.from_numpy(blurred)

        yield Contender("scipy gaussian_filter", gaussian)
    kernels = case.kernels.numpy()[:, None]
    border = kernels.shape[-1] // 2

    def fft() -> torch.Tensor:
        padded = np.pad(images, ((0, 0), (0, 0), (border, border), (border, border)), mode="reflect")
        return torch.from_numpy(signal.fftconvolve(padded, kernels, mode="valid", axes=(2, 3)))

    yield Contender("scipy fftconvolve", fft)
