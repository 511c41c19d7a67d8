"""A large picture is restored tile by tile; where tiles overlap they are blended, so that no seam is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Span", "spans", "tiled"]


class Span(NamedTuple):
    """The rows or columns of a tile, and what each weighs beside those of its neighbours."""

    part: slice
    weights: Tensor


def tiled(network: Callable[[Tensor], Tensor], images: Tensor, tile: int, overlap: int, grid: int) -> Tensor:
    """What `network` makes of images (N, C, H, W), at no time asked for many more pixels than a tile has."""
    rows, columns = (spans(length, tile, overlap, grid, images) for length in images.shape[-2:])
    pixels = max(len(row.weights) for row in rows) * max(len(column.weights) for column in columns)
    few = torch.split(images, max(1, tile * tile // pixels))
    return torch.cat([_blended(network, some, rows, columns) for some in few])


def _blended(network: Callable[[Tensor], Tensor], images: Tensor, rows: list[Span], columns: list[Span]) -> Tensor:
    whole = torch.zeros_like(images)
    for row in rows:
        for column in columns:
            place = (..., row.part, column.part)
            whole[place] += network(images[place]) * (row.weights[:, None] * column.weights)
    return whole


def spans(length: int, tile: int, overlap: int, grid: int, like: Tensor) -> list[Span]:
    """Where tiles lie along `length` pixels; their weights sum to 1 in each pixel.

    All start on the grid; the last ends where the picture does, so it may be longer by less than `grid`.
    """
    last = max(0, (length - tile) // grid * grid)
    starts = [*range(0, last, tile - overlap), last]
    stops = [*(start + tile for start in starts[:-1]), length]
    rising = [
        _rising(length, (start + stop) / 2, overlap, like) for start, stop in zip(starts[1:], stops, strict=False)
    ]
    whole = like.new_ones(length)
    seen = [before * (1 - after) for before, after in zip([whole, *rising], [*rising, 0 * whole], strict=True)]
    return [
        Span(slice(start, stop), weights[start:stop]) for start, stop, weights in zip(starts, stops, seen, strict=True)
    ]


def _rising(length: int, middle: float, overlap: int, like: Tensor) -> Tensor:
    """From 0 to 1 across the middle third of an overlap; a step where there is none. (length,)"""
    width = max(overlap / 3, 1)
    centres = torch.arange(length, device=like.device, dtype=like.dtype) + 0.5
    return ((centres - middle) / width + 0.5).clamp(0, 1)
