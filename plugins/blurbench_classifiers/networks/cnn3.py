"""The network of `cnn3`."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from blurbench.contract import Shape
from blurbench.imaging.layout import channels_last

__all__ = ["Cnn3"]


_GROUPS = 8


class BlurPool(nn.Module):
    """Max-pooling that does not alias: the maximum of all 2x2 squares, low-passed by (1, 2, 1) / 4 down and across, the
    edge repeated, and every second row and column of that; (N, C, H // 2, W // 2)."""

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        taps = x.new_tensor([0.25, 0.5, 0.25])
        kernel = (taps[:, None] * taps).expand(channels, 1, 3, 3)
        densest = F.pad(F.max_pool2d(x, 2, stride=1), (1, 1, 1, 1), mode="replicate")
        return F.conv2d(densest, kernel, stride=2, groups=channels)


class Cnn3(nn.Module):
    """Three blocks of 5x5 convolution, norm, ReLU and 2x2 pooling, then one linear layer."""

    def __init__(
        self,
        shape: Shape,
        classes: int,
        widths: tuple[int, int, int],
        norm: Literal["batch", "group"] = "batch",
        pool: Literal["max", "blur"] = "max",
    ) -> None:
        super().__init__()
        inputs = (shape.channels, *widths[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 5, padding=2) for before, after in zip(inputs, widths, strict=True)
        )
        self.norms = nn.ModuleList(_norm(norm, width) for width in widths)
        self.pool = nn.MaxPool2d(2) if pool == "max" else BlurPool()
        self.linear = nn.Linear(widths[-1] * (shape.height // 8) * (shape.width // 8), classes)
        for layer in (*self.convolutions, self.linear):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W)."""
        features = channels_last(images)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            features = self._pooled(norm(convolution(features)))
        logits: Tensor = self.linear(features.flatten(1))
        return logits

    def _pooled(self, x: Tensor) -> Tensor:
        # The maximum of what is positive is what is positive of the maximum: the same bits, of a quarter of the values.
        pooled: Tensor = self.pool(x.relu()) if isinstance(self.pool, BlurPool) else self.pool(x).relu()
        return pooled


def _norm(kind: Literal["batch", "group"], channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels) if kind == "batch" else nn.GroupNorm(math.gcd(_GROUPS, channels), channels)
