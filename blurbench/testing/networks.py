"""The networks of the samples."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["SmallClassifier", "SmallRestorer"]


class SmallClassifier(nn.Module):
    """Images (N, C, H, W) of any size to logits (N, classes)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.first, self.norm = nn.Conv2d(channels, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.second = nn.Conv2d(8, 16, 3, padding=1)
        self.last = nn.Linear(16 * 16, classes)

    def forward(self, images: Tensor) -> Tensor:
        maps = F.max_pool2d(F.relu(self.norm(self.first(images))), 2)
        maps = F.adaptive_avg_pool2d(F.relu(self.second(maps)), 4)
        logits: Tensor = self.last(maps.flatten(1))
        return logits


class SmallRestorer(nn.Module):
    """Images (N, C, H, W) to as many, the same but for what was learnt."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(channels, 8, 3, padding=1), nn.Conv2d(8, channels, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        change: Tensor = self.second(F.relu(self.first(images)))
        return images + change
