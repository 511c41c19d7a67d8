"""The network of `caessc`."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from blurbench_restorers.networks.keras import ConvUp, Norm, conv, initialise
from blurbench_restorers.networks.sizes import padded

__all__ = ["Caessc"]


class Caessc(nn.Module):
    """As many layers up as down, joined by sums at every second one, and the image itself added to what comes out.

    The layers on the way up are transposed convolutions in the paper; with stride 1 that is a convolution with the
    kernel turned round.
    """

    def __init__(
        self, channels: int, depth: int, filters: int, downsample: bool, last: Literal["sigmoid", "relu"]
    ) -> None:
        super().__init__()
        half = depth // 2
        start = conv(channels, filters, 5, stride=2 if downsample else 1)
        end = ConvUp(filters, channels, 5, bias=False) if downsample else conv(filters, channels, 5)
        self.encoder = nn.ModuleList([_activated(start, filters), *_layers(half - 1, filters)])
        self.decoder = nn.ModuleList([*_layers(half - 1, filters), _activated(end, channels)])
        self.joins = nn.ModuleDict(
            {str(number): nn.Sequential(Norm(filters), nn.ReLU()) for number in range(2, half, 2)}
        )
        self.end = nn.Sequential(Norm(channels), nn.Sigmoid() if last == "sigmoid" else nn.ReLU())
        self.multiple = 2 if downsample else 1
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """Restored images of (N, C, H, W), any size: sides are padded to a multiple of the stride and cropped again."""
        height, width = images.shape[-2:]
        whole = x = padded(images, self.multiple)
        kept: list[Tensor] = []
        for number, layer in enumerate(self.encoder, start=1):
            x = layer(x)
            if str(number) in self.joins:
                kept.append(x)
        for number, layer in zip(range(len(self.decoder), 0, -1), self.decoder, strict=True):
            x = layer(x)
            if str(number) in self.joins:
                x = self.joins[str(number)](x + kept.pop())
        restored: Tensor = self.end(whole + x)
        return restored[..., :height, :width].contiguous()


def _activated(layer: nn.Module, channels: int) -> nn.Module:
    return nn.Sequential(layer, Norm(channels), nn.ReLU())


def _layers(count: int, filters: int) -> list[nn.Module]:
    return [_activated(conv(filters, filters, 5), filters) for _ in range(count)]
