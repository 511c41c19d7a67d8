"""A fully convolutional network that gives sigma at every pixel; each value rests on 29x29 pixels."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

__all__ = ["Regressor"]

CHANNELS = (1, 8, 64, 128, 128, 256, 64, 1)


class Regressor(nn.Module):
    """Seven 5x5 convolutions, each with ReLU, the last one too: 1,858,449 parameters."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, start: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("std", torch.ones(()))
        layers: list[nn.Module] = []
        for narrow, wide in pairwise(CHANNELS):
            convolution = nn.Conv2d(narrow, wide, 5, padding=2)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
            assert convolution.bias is not None
            nn.init.zeros_(convolution.bias)
            layers += [convolution, nn.ReLU()]
        # A last ReLU that starts in the dark never learns: begin near `start`, and near it everywhere.
        last = layers[-2]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.fill_(start)
        self.layers = nn.Sequential(*layers)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (N, 1, H, W) in [0, 1] -> sigma in pixels (N, H, W)."""
        sigma: torch.Tensor = self.layers((images - self.mean) / self.std)
        return sigma[:, 0]
