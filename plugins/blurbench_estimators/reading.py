"""From what a network answers to sigma in pixels."""

from __future__ import annotations

import torch
from torch import nn

from blurbench.imaging.windows import at_centres
from blurbench_estimators.networks.windowed import WINDOW, WindowedCnn

__all__ = ["read_map"]

_CHUNK = 256


def read_map(
    module: nn.Module,
    images: torch.Tensor,
    stride: int,
    sigmas: tuple[float, ...],
    limits: tuple[float, float],
    by_mean: bool,
) -> torch.Tensor:
    """Sigma (N, h, w) of the windows of grey images (N, 1, H, W).

    Of a network that gives classes, which stand for `sigmas`, the likeliest, or their mean; else what it gives, within
    `limits`.
    """
    with torch.inference_mode():
        if not isinstance(module, WindowedCnn):
            sigma = torch.cat([at_centres(module(image[None]), WINDOW, stride) for image in images])
            return sigma.clamp(*limits)
        of_class = images.new_tensor(sigmas)
        if images.shape[-2:] == (WINDOW, WINDOW):
            answers = torch.cat([module(some) for some in torch.split(images, _CHUNK)])
            return _read(answers, of_class, by_mean)[:, None, None]
        return torch.stack(
            [
                torch.cat([_read(rows, of_class, by_mean) for rows in module.everywhere(image[None], stride)])
                for image in images
            ]
        )


def _read(answers: torch.Tensor, sigmas: torch.Tensor, by_mean: bool) -> torch.Tensor:
    """Answers (..., classes) -> sigma (...)."""
    return answers.softmax(-1) @ sigmas if by_mean else sigmas[answers.argmax(-1)]
