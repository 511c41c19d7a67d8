"""The network of `cifar10-quick` and its pre-processing."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from blurbench.contract import Shape

__all__ = ["Cifar10Quick", "Whitening"]

LEAST_CONTRAST = 40.0
"""Of 255: flatter images are not brought to full contrast."""
LEAST_DEVIATION = 10.0
"""Of 255: directions in which images vary less are not brought to full variance."""


class Whitening(nn.Module):
    """Mean image, contrast and decorrelation, in this order; `prepare` takes them from clean training images."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        values = shape.channels * shape.height * shape.width
        self.mean = nn.Buffer(torch.zeros(shape.channels, shape.height, shape.width))
        self.contrast = nn.Buffer(torch.tensor(LEAST_CONTRAST))
        self.matrix = nn.Buffer(torch.eye(values))

    def prepare(self, images: Tensor) -> None:
        """Set the statistics from images (N, C, H, W) in [0, 1]."""
        self.mean.copy_(255 * images.mean(dim=0))
        self.contrast.copy_(self._centred(images).std(dim=1).mean())
        equal = self._equal_contrast(images)
        variances, directions = torch.linalg.eigh(equal.T @ equal / len(equal))
        deviations = variances.clamp_min(0).sqrt()
        gains = variances.mean().sqrt() / deviations.clamp_min(LEAST_DEVIATION)
        self.matrix.copy_(directions * gains @ directions.T)

    def forward(self, images: Tensor) -> Tensor:
        """Images of the same shape (N, C, H, W), on the scale of 0..255 about 0."""
        return (self._equal_contrast(images) @ self.matrix).view_as(images)

    def _centred(self, images: Tensor) -> Tensor:
        values = (255 * images - self.mean).flatten(1)
        return values - values.mean(dim=1, keepdim=True)

    def _equal_contrast(self, images: Tensor) -> Tensor:
        centred = self._centred(images)
        return centred * self.contrast / centred.std(dim=1, keepdim=True).clamp_min(LEAST_CONTRAST)


class Cifar10Quick(nn.Module):
    """Five convolutions; the fourth has a kernel as large as what three pools of 3 pixels every 2 leave."""

    def __init__(self, shape: Shape, classes: int) -> None:
        super().__init__()
        # Where a window leaves the image, only real pixels count: 32 -> 16 -> 8 -> 4.
        self.max_pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.average_pool = nn.AvgPool2d(3, 2, ceil_mode=True)
        self.whitening = Whitening(shape)
        left = (shape.height // 8, shape.width // 8)
        self.convolutions = nn.ModuleList(
            [
                nn.Conv2d(shape.channels, 32, 5, padding=2),
                nn.Conv2d(32, 32, 5, padding=2),
                nn.Conv2d(32, 64, 5, padding=2),
                nn.Conv2d(64, 64, left),
                nn.Conv2d(64, classes, 1),
            ]
        )
        for position, layer in enumerate(self.convolutions):
            nn.init.normal_(layer.get_parameter("weight"), std=0.05 if position else 0.01)
            nn.init.zeros_(layer.get_parameter("bias"))
        self.convolutions.to(memory_format=torch.channels_last)  # 1.2 times as fast to fit on processors

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W)."""
        first, second, third, fourth, last = self.convolutions
        features = self.max_pool(first(self.whitening(images))).relu()
        features = self.average_pool(second(features).relu())
        features = self.average_pool(third(features).relu())
        logits: Tensor = last(fourth(features).relu()).flatten(1)
        return logits
