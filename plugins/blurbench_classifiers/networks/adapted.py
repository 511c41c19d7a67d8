"""Networks made for photographs (torchvision's, timm's), on images of any size in colour or grey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["Adapted", "network_channels_last", "units_of"]


class Adapted(nn.Module):
    """Grey becomes RGB, small images are enlarged, colours are standardised; then comes `network`.

    Images whose shorter side is below `side` are enlarged to it, bilinearly; where `exact`, all are brought to
    `side` x `side`. `mean` and `deviation` hold one number a colour, on the 0..1 scale.
    """

    def __init__(
        self, network: nn.Module, side: int, exact: bool, mean: Sequence[float], deviation: Sequence[float]
    ) -> None:
        super().__init__()
        self.network, self.side, self.exact = network, side, exact
        self.mean = nn.Buffer(torch.tensor(mean)[:, None, None])
        self.deviation = nn.Buffer(torch.tensor(deviation)[:, None, None])

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, classes) of images (N, C, H, W) in [0, 1]; C is 1 or 3."""
        logits: Tensor = self.network(self.prepared(images))
        return logits

    def prepared(self, images: Tensor) -> Tensor:
        """What `network` gets: RGB images of a size that it takes, standardised."""
        return (self.resized(images).expand(-1, 3, -1, -1) - self.mean) / self.deviation

    def resized(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) enlarged, or brought to the size that is wanted."""
        height, width = images.shape[-2:]
        scale = max(1.0, self.side / min(height, width))
        size = (self.side, self.side) if self.exact else (round(height * scale), round(width * scale))
        if size == (height, width):
            return images
        return F.interpolate(images, size, mode="bilinear", antialias=True)


def network_channels_last(network: nn.Module) -> nn.Module:
    """`network`, its convolutions laid out with the channels last: 1.1 to 1.6 times as fast on processors, and what
    tensor cores take. For timm's and torchvision's, which work in either layout; one's own code may ask for a view that
    this layout does not have."""
    return network.to(memory_format=torch.channels_last)


def units_of(network: nn.Module) -> list[list[nn.Module]]:
    """The layers with weights in the order in which the network defines them, each with the norms that follow it.

    A shortcut's layer comes after those that it skips. What is no layer (position embeddings, scales) is in no unit.
    """
    units: list[list[nn.Module]] = []
    for layer, is_norm in _layers(network):
        if not is_norm:
            units.append([layer])
        elif units:
            units[-1].append(layer)
    return units


def _layers(module: nn.Module) -> Iterator[tuple[nn.Module, bool]]:
    """Layers in order, and whether each is a norm: its weights are one number a channel."""
    for child in module.children():
        weight = child._parameters.get("weight")
        if isinstance(child, nn.MultiheadAttention):  # holds its weights under other names, and a layer inside
            yield child, False
        elif weight is not None:
            yield child, weight.ndim == 1
        else:
            yield from _layers(child)
