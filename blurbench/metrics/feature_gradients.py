"""How uneven the edges in feature maps are: mean over maps of var(g), g = sqrt((f * s_x)^2 + (f * s_y)^2).

s_x = 1/4 [1 0 -1; 2 0 -2; 1 0 -1] and s_y is its transpose, as in the figure on layer conv3 of CIFAR10-quick in Zhou,
Song, Cheung 2017. Give features before the activation; maps whose edges blur has washed out score low.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch.nn import functional as F

from blurbench.imaging.precision import finely

__all__ = ["gradient_magnitude", "gradient_magnitude_variance"]


def gradient_magnitude(features: torch.Tensor, border: Literal["valid", "zeros"] = "valid") -> torch.Tensor:
    """The g of `features` (N, M, H, W): (N, M, H - 2, W - 2), or the same size with zeros beyond the border."""
    across = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]]).to(features) / 4
    filters = torch.stack([across, across.T])[:, None]
    maps = features.flatten(0, 1)[:, None]
    gradients = F.conv2d(maps, filters, padding=1 if border == "zeros" else 0)
    magnitude: torch.Tensor = torch.linalg.vector_norm(gradients, dim=1)
    return magnitude.view(*features.shape[:2], *magnitude.shape[1:])


def gradient_magnitude_variance(features: torch.Tensor, border: Literal["valid", "zeros"] = "valid") -> torch.Tensor:
    """The variance of g over the positions of a map (divided by n - 1), mean over the maps of each image: (N,).

    Raises ValueError where a map has fewer than two positions.
    """
    magnitude = gradient_magnitude(features, border)
    if magnitude[0, 0].numel() < 2:
        raise ValueError(f"maps of {features.shape[-2]}x{features.shape[-1]} are too small for a variance")
    return finely(magnitude.flatten(2).var(dim=2)).mean(dim=1)
