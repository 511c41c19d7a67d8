"""How far maps of estimated sigma are from the truth, in pixels."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from blurbench.imaging.precision import finely

__all__ = ["nearest_answer", "smoothed", "varies_along"]


def smoothed(sigma: torch.Tensor, span: int, axis: int = -1) -> torch.Tensor:
    """Moving average of maps (..., h, w) over `span` neighbours (odd) along `axis`; near an end the span shrinks to
    what lies on both sides alike."""
    moved = finely(sigma).movedim(axis, -1)
    length = moved.shape[-1]
    place = torch.arange(length, device=sigma.device)
    half = torch.minimum(torch.minimum(place, length - 1 - place), torch.as_tensor(span // 2, device=sigma.device))
    sums = torch.nn.functional.pad(moved.cumsum(-1), (1, 0))
    means = (sums[..., place + half + 1] - sums[..., place - half]) / (2 * half + 1)
    return means.movedim(-1, axis).to(sigma.dtype)


def varies_along(truth: torch.Tensor) -> int:
    """The axis of maps (..., h, w) along which they change more: -2 or -1; -1 where they do not change."""
    down, across = (float(truth.diff(dim=axis).abs().sum()) for axis in (-2, -1))
    return -2 if down > across else -1


def nearest_answer(truth: torch.Tensor, answers: Sequence[float] | None, limits: tuple[float, float]) -> torch.Tensor:
    """What a perfect estimator would say that can only give `answers`, or anything within `limits`."""
    if answers is None:
        return truth.clamp(*limits)
    known = truth.new_tensor(tuple(answers))
    between = (known[1:] + known[:-1]) / 2
    return known[torch.bucketize(truth.contiguous(), between)]
