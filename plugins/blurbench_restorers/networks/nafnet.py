"""The network of `nafnet`: no activation function but products of two halves."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blurbench_restorers.networks.sizes import padded

__all__ = ["Nafnet"]


class LayerNorm2d(nn.LayerNorm):
    """Normalises the channels of each pixel by themselves."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class SimpleGate(nn.Module):
    """The product of the first half of the channels with the second."""

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=1)
        return first * second


class ChannelAttention(nn.Module):
    """Channels weighted by a linear function of their means over the image; the paper's simplified form."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weigh = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        weighted: Tensor = x * self.weigh(x.mean((-1, -2), keepdim=True))
        return weighted


class Block(nn.Module):
    """Two branches added to what comes in, each scaled by channel, from 0: a new block changes nothing."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        twice = 2 * channels
        self.spatial = nn.Sequential(
            LayerNorm2d(channels),
            nn.Conv2d(channels, twice, 1),
            nn.Conv2d(twice, twice, 3, padding=1, groups=twice),
            SimpleGate(),
            ChannelAttention(channels),
            nn.Conv2d(channels, channels, 1),
        )
        self.pointwise = nn.Sequential(
            LayerNorm2d(channels), nn.Conv2d(channels, twice, 1), SimpleGate(), nn.Conv2d(channels, channels, 1)
        )
        self.beta, self.gamma = (nn.Parameter(torch.zeros(channels, 1, 1)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.beta * self.spatial(x)
        wider: Tensor = x + self.gamma * self.pointwise(x)
        return wider


class Nafnet(nn.Module):
    """A U-Net of such blocks: strided 2x2 convolutions down, pixel shuffling up, skips added, and the image, too."""

    def __init__(self, channels: int, width: int, down: Sequence[int], middle: int, up: Sequence[int]) -> None:
        super().__init__()
        self.multiple = 2 ** len(down)
        widths = [width * 2**i for i in range(len(down) + 1)]
        self.begin = nn.Conv2d(channels, width, 3, padding=1)
        self.encoders = nn.ModuleList(_blocks(count, wide) for count, wide in zip(down, widths, strict=False))
        self.halvings = nn.ModuleList(nn.Conv2d(wide, 2 * wide, 2, stride=2) for wide in widths[:-1])
        self.middle = _blocks(middle, widths[-1])
        self.doublings = nn.ModuleList(
            nn.Sequential(nn.Conv2d(wide, 2 * wide, 1, bias=False), nn.PixelShuffle(2)) for wide in widths[:0:-1]
        )
        self.decoders = nn.ModuleList(_blocks(count, wide) for count, wide in zip(up, widths[-2::-1], strict=True))
        self.end = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """Restored images of (N, C, H, W), any size: sides are padded to a multiple of 2^halvings and cropped again."""
        height, width = images.shape[-2:]
        whole = padded(images, self.multiple)
        x, skips = self.begin(whole), []
        for encoder, halving in zip(self.encoders, self.halvings, strict=True):
            x = encoder(x)
            skips.append(x)
            x = halving(x)
        x = self.middle(x)
        for doubling, decoder in zip(self.doublings, self.decoders, strict=True):
            x = decoder(doubling(x) + skips.pop())
        restored: Tensor = (self.end(x) + whole)[..., :height, :width]
        return restored.contiguous()


def psnr_loss(restored: Tensor, clean: Tensor) -> Tensor:
    """Minus the PSNR in dB, mean over the images: the paper's loss."""
    error = F.mse_loss(restored, clean, reduction="none").mean((1, 2, 3))
    return 10 * torch.log10(error + 1e-8).mean()


def _blocks(count: int, channels: int) -> nn.Module:
    return nn.Sequential(*(Block(channels) for _ in range(count)))
