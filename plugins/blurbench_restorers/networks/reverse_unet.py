"""The network of `reverse-unet`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from blurbench_restorers.networks.keras import conv, initialise

__all__ = ["ReverseUnet"]

IMAGES_AT_ONCE = 8
"""In eval mode: the widest maps hold 512 times as many numbers as a grey image, for each of the first channels."""


class ReverseUnet(nn.Module):
    """Three convolutions, each with nearest-pixel doubling after it, then three, each with max-pooling. No skips."""

    def __init__(self, channels: int, first: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((channels, first), (first, 2 * first), (2 * first, 4 * first)):
            layers += [conv(inputs, outputs, 3, bias=True), nn.ReLU(inplace=True), nn.Upsample(scale_factor=2)]
        # ReLU and maximum can change places; on the pooled map the ReLU costs a quarter.
        for inputs, outputs in ((4 * first, 2 * first), (2 * first, first), (first, channels)):
            layers += [conv(inputs, outputs, 3, bias=True), nn.MaxPool2d(2), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """Restored images of (N, C, H, W), any size."""
        parts = [images] if self.training else torch.split(images, IMAGES_AT_ONCE)
        return torch.cat([self.layers(part) for part in parts])
