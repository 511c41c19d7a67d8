"""The network of `unet-classifier`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blurbench.contract import Shape
from blurbench.imaging.layout import channels_last

__all__ = ["UnetClassifier"]


class Step(nn.Module):
    """3x3 convolution, batch norm and ReLU; the size stays."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm = nn.BatchNorm2d(outputs)
        nn.init.xavier_uniform_(self.convolution.weight)
        assert self.convolution.bias is not None
        nn.init.zeros_(self.convolution.bias)

    def forward(self, features: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.convolution(features))
        return normed.relu()


def _double(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(Step(inputs, outputs), Step(outputs, outputs))


class UnetClassifier(nn.Module):
    """64, 128 and 256 channels at full, half and quarter size, back up with skips, one linear layer on all pixels."""

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        self.down0, self.down1, self.down2 = _double(shape.channels, 64), _double(64, 128), _double(128, 256)
        self.up1, self.joined1 = Step(256, 128), _double(256, 128)
        self.up0, self.joined0 = Step(128, 64), _double(128, 64)
        self.linear = nn.Linear(64 * shape.height * shape.width, classes)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def steps(self) -> Iterator[Step]:
        """All convolutions with their norms, in order from the input."""
        return (layer for layer in self.modules() if isinstance(layer, Step))

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W)."""
        full = self.down0(channels_last(images))
        half = self.down1(F.max_pool2d(full, 2))
        quarter = self.down2(F.max_pool2d(half, 2))
        half = self.joined1(torch.cat([half, self.up1(_enlarged(quarter, half))], dim=1))
        full = self.joined0(torch.cat([full, self.up0(_enlarged(half, full))], dim=1))
        logits: Tensor = self.linear(full.flatten(1))
        return logits


def _enlarged(features: Tensor, like: Tensor) -> Tensor:
    # Nearest neighbour to the size of the skip, which doubling misses where a side was odd.
    return F.interpolate(features, size=like.shape[-2:])
