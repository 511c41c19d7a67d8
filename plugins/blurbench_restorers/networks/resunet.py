"""The network of `resunet`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from blurbench_restorers.networks.keras import ConvUp, Norm, conv, initialise
from blurbench_restorers.networks.sizes import padded

__all__ = ["Resunet"]

HALF_A_LEVEL = 1 / 510
"""Black and white lie this far inside, where the inverse of the sigmoid is finite."""


class Residual(nn.Module):
    """x + two convolutions of x, each with norm and ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(_activated(channels, channels), _activated(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        total: Tensor = x + self.branch(x)
        return total


class Resunet(nn.Module):
    """Two strided convolutions down, two transposed ones up, two concatenated skips, residual blocks at every size."""

    def __init__(self, channels: int, first: int, blocks: int, residual: bool = False) -> None:
        super().__init__()
        self.residual = residual
        second, third = 2 * first, 4 * first
        self.fine = _unit(channels, first, blocks)
        self.middle = _unit(first, second, blocks, stride=2)
        self.deepest = _unit(second, third, blocks, stride=2)
        self.up_middle, self.join_middle = ConvUp(third, second, 3), _unit(2 * second, second, blocks)
        self.up_fine, self.join_fine = ConvUp(second, first, 3), _unit(2 * first, first, blocks)
        # Transposed in the paper; with stride 1 that is a convolution with the kernel turned round.
        last = conv(first, channels, 3, bias=True)
        self.end = nn.Sequential(conv(first, first, 3, bias=True), nn.ReLU(), last)
        initialise(self)
        if residual:
            nn.init.zeros_(last.weight)  # type: ignore[arg-type] # a Conv2d: its stride is 1

    def forward(self, images: Tensor) -> Tensor:
        """Restored images of (N, C, H, W), any size: sides are padded to a multiple of 4 and cropped again."""
        height, width = images.shape[-2:]
        fine = self.fine(padded(images, 4))
        middle = self.middle(fine)
        deepest = self.deepest(middle)
        middle = self.join_middle(torch.cat([middle, self.up_middle(deepest)], dim=1))
        fine = self.join_fine(torch.cat([fine, self.up_fine(middle)], dim=1))
        scores: Tensor = self.end(fine)[..., :height, :width]
        if self.residual:
            scores = scores + torch.logit(images, eps=HALF_A_LEVEL)
        return torch.sigmoid(scores).contiguous()


def _activated(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    return nn.Sequential(conv(inputs, outputs, 3, stride), Norm(outputs), nn.ReLU())


def _unit(inputs: int, outputs: int, blocks: int, stride: int = 1) -> nn.Module:
    """A convolution to `outputs` channels, residual blocks, and one more convolution."""
    return nn.Sequential(
        _activated(inputs, outputs, stride), *(Residual(outputs) for _ in range(blocks)), _activated(outputs, outputs)
    )
