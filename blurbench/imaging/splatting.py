"""Light at any place, not only at whole pixels, as a PSF.

A point at (y, x) lends the pixel (i, j) the share `max(0, 1 - |y - i|) max(0, 1 - |x - j|)`: a bilinear splat.
"""

from __future__ import annotations

import torch

from blurbench.imaging.psf import dense
from blurbench.imaging.values import DensePsf, TapsPsf

__all__ = ["nodes", "splat"]


def splat(points: torch.Tensor, weights: torch.Tensor) -> DensePsf:
    """Points of light as PSFs, each spread over the four pixels around it.

    Args:
        points: float64 (N, P, 2), rows and columns in pixels from the centre.
        weights: float64 (N, P), 0 where unused, summing to 1 for each image.
    """
    corner = torch.floor(points)
    y, x = (points - corner).unbind(-1)
    shares = [(1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x]
    offsets = [corner + corner.new_tensor(place) for place in ((0, 0), (0, 1), (1, 0), (1, 1))]
    return dense(TapsPsf(torch.cat(offsets, 1).long(), torch.cat([weights * share for share in shares], 1)))


def nodes(starts: torch.Tensor, ends: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Points whose `splat` is exactly that of light spread evenly along straight lines.

    A line is cut wherever it crosses a row or a column of pixel centres. On each piece the four shares are quadratic,
    so the two nodes of Gauss and Legendre integrate them exactly.

    Args:
        starts, ends: float64 (N, S, 2), rows and columns in pixels from the centre.
        weights: float64 (N, S), the light of each line.

    Returns:
        points (N, P, 2) and weights (N, P), P depending on the longest line.
    """
    cuts = _crossings(starts, ends)
    half = cuts.diff(dim=-1) / 2
    middle = cuts[..., :-1] + half
    shift = half / 3**0.5
    along = torch.cat([middle - shift, middle + shift], -1)
    points = starts[..., None, :] + along[..., None] * (ends - starts)[..., None, :]
    light = weights[..., None] * torch.cat([half, half], -1)
    return points.flatten(1, 2), light.flatten(1, 2)


def _crossings(starts: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
    """Where the lines cross whole rows and columns, as shares of their length in order, from 0 to 1; (N, S, K)."""
    step = ends - starts
    count = int(step.abs().max()) + 1
    first = torch.floor(torch.minimum(starts, ends)) + 1
    whole = first[..., None] + torch.arange(count, device=starts.device)
    # A line along a row crosses no other row: its share is infinite, or not a number, and becomes an end.
    share = ((whole - starts[..., None]) / step[..., None]).nan_to_num(0.0).clamp(0, 1).flatten(-2)
    ends_of_line = torch.tensor([0.0, 1.0], dtype=share.dtype, device=share.device).expand(*share.shape[:-1], 2)
    return torch.cat([share, ends_of_line], -1).sort(-1).values
