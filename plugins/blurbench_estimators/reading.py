"""From what a network answers to sigma in pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from blurbench.imaging.windows import at_centres
from blurbench_estimators.networks.windowed import WINDOW, WindowedCnn

if TYPE_CHECKING:
    from blurbench_estimators.cnn_sigma import CnnSigma

__all__ = ["read_map"]

_CHUNK = 256


def read_map(estimator: CnnSigma, module: nn.Module, images: torch.Tensor, stride: int) -> torch.Tensor:
    """Sigma (N, h, w) of the windows of grey images (N, 1, H, W)."""
    with torch.inference_mode():
        if not isinstance(module, WindowedCnn):
            sigma = torch.cat([at_centres(module(image[None]), WINDOW, stride) for image in images])
            return sigma.clamp(*estimator.limits)
        sigmas = images.new_tensor(estimator.sigmas())
        if images.shape[-2:] == (WINDOW, WINDOW):
            answers = torch.cat([module(some) for some in torch.split(images, _CHUNK)])
            return _read(estimator, answers, sigmas)[:, None, None]
        return torch.stack(
            [
                torch.cat([_read(estimator, rows, sigmas) for rows in module.everywhere(image[None], stride)])
                for image in images
            ]
        )


def _read(estimator: CnnSigma, answers: torch.Tensor, sigmas: torch.Tensor) -> torch.Tensor:
    """Answers (..., classes) -> sigma (...)."""
    if estimator.reading == "mean":
        return answers.softmax(-1) @ sigmas
    return sigmas[answers.argmax(-1)]
