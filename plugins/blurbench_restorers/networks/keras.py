"""Layers that do what Keras's do: the networks of Dicosola 2020 were written in it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from blurbench.imaging import large_kernels

__all__ = ["ConvUp", "Norm", "conv", "initialise"]


def conv(inputs: int, outputs: int, kernel: int, stride: int = 1, bias: bool = False) -> nn.Module:
    """A convolution with Keras's padding "same": `stride` 1 (`kernel` odd) or 2 (sides even). With stride 2 the padding
    is uneven, one pixel more below and to the right than above and to the left."""
    if stride == 1:
        return large_kernels.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
    before = (kernel - 2) // 2
    after = kernel - 2 - before
    padding = nn.ZeroPad2d((before, after, before, after))
    return nn.Sequential(padding, large_kernels.Conv2d(inputs, outputs, kernel, stride=2, bias=bias))


class ConvUp(large_kernels.ConvTranspose2d):
    """The transposed convolution with stride 2 and padding "same", with a bias unless told: sides double."""

    def __init__(self, inputs: int, outputs: int, kernel: int, bias: bool = True) -> None:
        super().__init__(inputs, outputs, kernel, stride=2, padding=(kernel - 2) // 2, bias=bias)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        height, width = x.shape[-2:]
        return super().forward(x, output_size)[..., : 2 * height, : 2 * width]


class Norm(nn.BatchNorm2d):
    """A batch norm with Keras's constants: eps 1e-3, and old statistics weigh 0.99 (torch's momentum of 0.01).

    Statistics so slow are still near their start after some hundred steps, where restored images came out 8 dB worse
    than blurred ones. Until step 991 they therefore average about the last tenth of the steps so far. Validation during
    a fit meets these; at its end they are taken anew.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-3, momentum=0.01)
        self.steps = 0

    def forward(self, x: Tensor) -> Tensor:
        if self.training and torch.is_grad_enabled():  # without, a plain mean is being taken, at the end of a fit
            self.steps += 1
            self.momentum = max(0.01, 10 / (9 + self.steps))
        return super().forward(x)


def initialise(module: nn.Module) -> None:
    """Glorot-uniform weights and zero biases, channels last: up to 1.3 times as fast to fit on processors."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    module.to(memory_format=torch.channels_last)
