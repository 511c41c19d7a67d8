"""OpenCV: one call an image, its own layout (channels last) made before the clock starts."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.timing.families import Case
from benchmarks.timing.peers.contender import Contender
from blurbench.contract import GaussianPsf

__all__ = ["contenders"]

cv2 = importlib.import_module("cv2")


def contenders(case: Case) -> Iterator[Contender]:
    """`GaussianBlur` and `filter2D`."""
    if case.kernels is None:
        return
    cv2.setNumThreads(torch.get_num_threads())
    images = [np.ascontiguousarray(image) for image in case.images.permute(0, 2, 3, 1).numpy()]
    if isinstance(case.psf, GaussianPsf):
        sigmas, side = case.psf.sigma.tolist(), (case.size.kernel,) * 2

        def gaussian(image: Any, sigma: float) -> Any:
            return cv2.GaussianBlur(image, side, sigma, sigmaY=sigma, borderType=cv2.BORDER_REFLECT_101)

        yield Contender("OpenCV GaussianBlur", _each(gaussian, images, sigmas), _read)
    kernels = [np.ascontiguousarray(kernel[::-1, ::-1]) for kernel in case.kernels.numpy()]

    def direct(image: Any, kernel: Any) -> Any:
        return cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT_101)

    yield Contender("OpenCV filter2D", _each(direct, images, kernels), _read)


def _each(call: Callable[[Any, Any], Any], images: list[Any], parameters: list[Any]) -> Callable[[], list[Any]]:
    return lambda: [call(image, parameter) for image, parameter in zip(images, parameters, strict=True)]


def _read(blurred: list[Any]) -> torch.Tensor:
    stacked = torch.from_numpy(np.stack(blurred))
    return stacked[:, None] if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2)
