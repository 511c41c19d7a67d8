"""The network of `ed-densenet`."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from blurbench_restorers.networks.keras import ConvUp, Norm, conv, initialise
from blurbench_restorers.networks.sizes import padded

__all__ = ["EdDensenet"]

ENCODER_LAYERS = (6, 6, 3)
DECODER_LAYERS = (3, 6)


class DenseLayer(nn.Module):
    """x after norm and ReLU, with `growth` new channels behind it. (DenseNet itself passes on x as it came.)"""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.activated = nn.Sequential(Norm(channels), nn.ReLU())
        self.new = nn.Sequential(
            conv(channels, 4 * growth, 1), Norm(4 * growth), nn.ReLU(), conv(4 * growth, growth, 3)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.activated(x)
        return torch.cat([x, self.new(x)], dim=1)


class EdDensenet(nn.Module):
    """Dense blocks on the way down to a quarter of the size, a bottleneck, dense blocks on the way up. No skips."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv(channels, growth, 3, bias=True), nn.ReLU()]
        width = growth
        for step, count in enumerate(ENCODER_LAYERS):
            if step > 0:
                layers.append(_down(width))
                width //= 2
            layers.append(_dense(width, count, growth))
            width += count * growth
        layers.append(nn.Sequential(conv(width, growth, 1, bias=True), Norm(growth), nn.ReLU()))
        width = growth
        for count in DECODER_LAYERS:
            layers += [_up(width), _dense(width, count, growth)]
            width += count * growth
        # Transposed in the paper, which is the same thing for a kernel of one pixel.
        self.layers = nn.Sequential(*layers, conv(width, channels, 1, bias=True), nn.Sigmoid())
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """Restored images of (N, C, H, W), any size: sides are padded to a multiple of 4 and cropped again."""
        height, width = images.shape[-2:]
        restored: Tensor = self.layers(padded(images, 4))
        return restored[..., :height, :width].contiguous()


def _dense(channels: int, layers: int, growth: int) -> nn.Module:
    return nn.Sequential(*(DenseLayer(channels + number * growth, growth) for number in range(layers)))


def _down(channels: int) -> nn.Module:
    half = channels // 2
    return nn.Sequential(Norm(channels), nn.ReLU(), conv(channels, half, 1), conv(half, half, 2, stride=2, bias=True))


def _up(channels: int) -> nn.Module:
    return nn.Sequential(ConvUp(channels, channels, 2), Norm(channels), nn.ReLU())
