"""The network of `red30`."""

from __future__ import annotations

from torch import Tensor, nn

from blurbench_restorers.networks.keras import conv, initialise

__all__ = ["Red30"]

LAYERS = 15
"""Down, and as many up."""


class Red30(nn.Module):
    """Layers c1 to c15 and d15 to d1 with ReLU; d_i becomes ReLU(d_i + c_i) for even i; the image is added at the end.

    The layers d are transposed convolutions in the paper; with stride 1 that is a convolution with the kernel turned
    round.
    """

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        inner = [conv(filters, filters, 3, bias=True) for _ in range(2 * (LAYERS - 1))]
        self.encoder = nn.ModuleList([conv(channels, filters, 3, bias=True), *inner[: LAYERS - 1]])
        self.decoder = nn.ModuleList(inner[LAYERS - 1 :])
        self.end = conv(filters, channels, 3, bias=True)
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """Restored images of (N, C, H, W), any size."""
        x, kept = images, []
        for layer in self.encoder:
            x = layer(x).relu()
            kept.append(x)
        for number, layer in zip(range(LAYERS, 1, -1), self.decoder, strict=True):
            x = layer(x)
            x = (x + kept[number - 1] if number % 2 == 0 else x).relu()
        restored: Tensor = images + self.end(x)
        return restored
