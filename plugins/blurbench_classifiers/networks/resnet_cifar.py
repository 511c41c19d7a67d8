"""The network of `resnet-cifar`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blurbench.contract import Shape

__all__ = ["Block", "ResnetCifar"]

WIDTHS = (16, 32, 64)
"""Channels at full, half and quarter size."""


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


class Block(nn.Module):
    """Two 3x3 convolutions with batch norms, and around them the image itself: smaller by leaving out every second row
    and column, wider by channels of zeros (the paper's option A), so that a shortcut has no weights."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.stride = 1 if inputs == outputs else 2
        self.convolution1, self.norm1 = _convolution(inputs, outputs, self.stride), nn.BatchNorm2d(outputs)
        self.convolution2, self.norm2 = _convolution(outputs, outputs), nn.BatchNorm2d(outputs)
        self.added = outputs - inputs

    def forward(self, features: Tensor) -> Tensor:
        inner = self.norm1(self.convolution1(features)).relu()
        outer = features[:, :, :: self.stride, :: self.stride]
        if self.added:
            outer = F.pad(outer, (0, 0, 0, 0, 0, self.added))
        summed: Tensor = self.norm2(self.convolution2(inner)) + outer
        return summed.relu()


class ResnetCifar(nn.Module):
    """One convolution, three stages of `depth` // 6 blocks, the mean over all positions, one linear layer; on images
    that are standardised by the colours of the training images."""

    def __init__(self, shape: Shape, classes: int, depth: int, width: int) -> None:
        super().__init__()
        widths = [width * channels for channels in WIDTHS]
        self.mean = nn.Buffer(torch.zeros(shape.channels, 1, 1))
        self.deviation = nn.Buffer(torch.ones(shape.channels, 1, 1))
        self.convolution, self.norm = _convolution(shape.channels, widths[0]), nn.BatchNorm2d(widths[0])
        self.blocks = nn.Sequential(*_blocks(widths, (depth - 2) // 6))
        self.linear = nn.Linear(widths[-1], classes)
        self.to(memory_format=torch.channels_last)  # faster to fit on processors

    def convolutions(self) -> Iterator[list[nn.Module]]:
        """Each with its norm, in order from the input."""
        yield [self.convolution, self.norm]
        for block in self.blocks:
            assert isinstance(block, Block)
            yield [block.convolution1, block.norm1]
            yield [block.convolution2, block.norm2]

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W)."""
        features = self.norm(self.convolution((images - self.mean) / self.deviation)).relu()
        logits: Tensor = self.linear(self.blocks(features).mean(dim=(2, 3)))
        return logits


def _blocks(widths: list[int], count: int) -> Iterator[Block]:
    before = widths[0]
    for width in widths:
        for _ in range(count):
            yield Block(before, width)
            before = width
