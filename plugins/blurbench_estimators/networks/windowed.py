"""Networks that read one window, and their answers for all windows of an image at once.

An unpadded convolution gives at each place what it would give in a window of its own, so all windows share it. The
pool halves each window's grid from its own first pixel: over the whole image it is taken at every pixel, and what
follows it steps two pixels instead of one (dilation; Giusti et al. 2013).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["WINDOW", "WindowedCnn", "eight_conv_four_fc", "four_conv_two_fc", "wider_eight_conv_four_fc"]

WINDOW = 32
EIGHT = ((3, 4), (3, 8), (3, 16), (3, 32), (3, 64), (3, 64), (5, 64), (5, 64))
"""Side and channels of the report's convolutions; the pool comes after the seventh."""
_BLOCK = 8192
"""Windows whose fully connected layers are worked out at a time."""


class WindowedCnn(nn.Module):
    """Convolutions, one 2x2 pool, convolutions, fully connected layers; ReLU after all but the last.

    Args:
        before: (kernel side, channels) of each convolution before the pool.
        after: of each convolution after it.
        hidden: widths of the fully connected layers before the last.
        answers: width of the last.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self, before: Sequence[tuple[int, int]], after: Sequence[tuple[int, int]], hidden: Sequence[int], answers: int
    ) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("std", torch.ones(()))
        self.before = nn.ModuleList(_convolutions(1, before))
        self.after = nn.ModuleList(_convolutions(before[-1][1], after))
        self.side = (WINDOW - _shrinking(before)) // 2 - _shrinking(after)
        widths = [after[-1][1] * self.side**2, *hidden, answers]
        self.dense = nn.ModuleList(nn.Linear(fan_in, fan_out) for fan_in, fan_out in pairwise(widths))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """Windows (N, 1, 32, 32) in [0, 1] -> (N, answers)."""
        x = (windows - self.mean) / self.std
        for layer in self.before:
            x = F.relu(layer(x))
        x = F.max_pool2d(x, 2)
        for layer in self.after:
            x = F.relu(layer(x))
        return self._answers(x.flatten(1))

    def everywhere(self, image: torch.Tensor, stride: int = 1) -> Iterator[torch.Tensor]:
        """An image (1, 1, H, W) in [0, 1] -> for some rows of windows at a time, from the top, (rows, w, answers)."""
        x = (image - self.mean) / self.std
        for layer in self.before:
            x = F.relu(layer(x))
        x = F.max_pool2d(x, 2, stride=1)
        for layer in self.after:
            assert isinstance(layer, nn.Conv2d)
            x = F.relu(F.conv2d(x, layer.weight, layer.bias, dilation=2))
        reach = 2 * (self.side - 1)
        across = (x.shape[-1] - reach - 1) // stride + 1
        down = (x.shape[-2] - reach - 1) // stride + 1
        rows = max(1, _BLOCK // across)
        for first in range(0, down, rows):
            last = min(first + rows, down) - 1
            band = x[:, :, first * stride : last * stride + reach + 1]
            views = band[0].unfold(1, reach + 1, stride).unfold(2, reach + 1, stride)[..., ::2, ::2]
            windows = views.permute(1, 2, 0, 3, 4).reshape(-1, x.shape[1] * self.side**2)
            yield self._answers(windows).view(last - first + 1, across, -1)

    def _answers(self, x: torch.Tensor) -> torch.Tensor:
        *hidden, last = self.dense
        for layer in hidden:
            x = F.relu(layer(x))
        answers: torch.Tensor = last(x)
        return answers


def _convolutions(channels: int, layers: Sequence[tuple[int, int]]) -> Iterator[nn.Conv2d]:
    for side, wider in layers:
        yield nn.Conv2d(channels, wider, side)
        channels = wider


def _shrinking(layers: Sequence[tuple[int, int]]) -> int:
    return sum(side - 1 for side, _ in layers)


def eight_conv_four_fc(classes: int) -> WindowedCnn:
    """Patro 2017, section 3.3: 3,270,426 parameters for 30 classes, 3,268,406 for 10."""
    return WindowedCnn(EIGHT[:7], EIGHT[7:], [1600, 800, 100], classes)


def wider_eight_conv_four_fc(classes: int) -> WindowedCnn:
    """In place of the report's network of "5 million" parameters, which was not published: 5.2 million."""
    return WindowedCnn(EIGHT[:7], EIGHT[7:], [2400, 1000, 100], classes)


def four_conv_two_fc(classes: int) -> WindowedCnn:
    """The small network of the author's programme: 125,590 parameters for 30 classes."""
    return WindowedCnn([(5, 4), (5, 8)], [(5, 16), (5, 32)], [200], classes)
