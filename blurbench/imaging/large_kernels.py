"""Layers for networks with large kernels: on a CPU they multiply spectra where that is faster.

A stride is a sum over (or, in a transposed layer, a choice of) the pixels within blocks of `stride` x `stride` pixels.
Taken as channels, they leave a convolution with stride 1 and kernels of half the side.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import is_in_torch_dispatch_mode

from blurbench.imaging.compiled import transformed
from blurbench.imaging.spectra import Geometry, Size, convolve_spectra, transform_costs

__all__ = ["Conv2d", "ConvTranspose2d"]

MARGIN, CALL = 1.5, 1e8
"""So much faster spectra must be by estimate, to be it in fact, and what else a call of them costs, in multiplications.

Measured with two threads on a Xeon with AVX512, whose plain convolutions are faster beside spectra than a Zen 4's: the
layers of `unet`, `caessc` and `srn` at 16 and 64 images, forward and with derivatives, take 1.4% longer on the average
than with the better way for each, 36% at worst; with 1.2 and 0 it was 6.6% and 113%."""


class Conv2d(nn.Conv2d):
    """`torch.nn.Conv2d`, with the same parameters and results up to 1e-5 of the largest.

    No second derivatives where spectra are used."""

    def forward(self, x: Tensor) -> Tensor:
        if not _is_plain(self, x):
            return super().forward(x)
        stride, padding = self.stride[0], _pair(self.padding)
        sides = zip(x.shape[-2:], padding, self.kernel_size, strict=True)
        out = _pair((n + 2 * p - k) // stride + 1 for n, p, k in sides)
        kernel, starts = _blocks_of_kernel(_pair(self.kernel_size), padding, stride)
        geometry = Geometry(_ceil(x.shape[-2:], stride), out, kernel, starts, False)
        products = math.prod(out) * math.prod(self.kernel_size)
        inputs, outputs = self.in_channels * stride**2, self.out_channels
        if not _pays(geometry, len(x), inputs, outputs, products / stride**2) or not _is_finite(x):
            return super().forward(x)
        weight = _in_blocks(self.weight, padding, kernel, starts, stride)
        return convolve_spectra(_blocks(x, stride), weight, self.bias, geometry)


class ConvTranspose2d(nn.ConvTranspose2d):
    """`torch.nn.ConvTranspose2d`, with the same parameters and results up to 1e-5 of the largest.

    No second derivatives where spectra are used."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if output_size is not None or not _is_plain(self, x):
            return super().forward(x, output_size)
        stride, padding = self.stride[0], _pair(self.padding)
        sides = zip(x.shape[-2:], padding, self.kernel_size, self.output_padding, strict=True)
        height, width = ((n - 1) * stride - 2 * p + k + extra for n, p, k, extra in sides)
        kernel, starts = _blocks_of_kernel(_pair(self.kernel_size), padding, stride)
        geometry = Geometry(_pair(x.shape[-2:]), _ceil((height, width), stride), kernel, starts, True)
        products = math.prod(x.shape[-2:]) * math.prod(self.kernel_size)
        inputs, outputs = self.in_channels, self.out_channels * stride**2
        if not _pays(geometry, len(x), inputs, outputs, products / stride**2) or not _is_finite(x):
            return super().forward(x)
        weight = _in_blocks(self.weight, padding, kernel, starts, stride)
        bias = None if self.bias is None else self.bias.repeat_interleave(stride**2)
        blocks = convolve_spectra(x, weight, bias, geometry)
        return blocks if stride == 1 else _to_pixels(blocks, stride)[..., :height, :width]


def _is_plain(layer: nn.Conv2d | nn.ConvTranspose2d, x: Tensor) -> bool:
    """Whether it can be done at all, rightly, and may be worth it."""
    return (
        x.device.type == "cpu"
        and x.dim() == 4
        and x.dtype == layer.weight.dtype
        and x.dtype in (torch.float32, torch.float64)
        and not torch.is_autocast_enabled("cpu")  # whose products are not float32's
        and min(layer.kernel_size) >= 5
        and layer.stride[0] == layer.stride[1]
        and layer.dilation == (1, 1)
        and layer.groups == 1
        and layer.padding_mode == "zeros"
        and not isinstance(layer.padding, str)
        and x.shape[1] == layer.in_channels
        and x.numel() > 0
        and not any(values is not None and transformed(values) for values in (x, layer.weight, layer.bias))
        and not is_in_torch_dispatch_mode()  # whoever counts operations counts those of a plain convolution
    )


def _is_finite(x: Tensor) -> bool:
    """A spectrum would carry NaN from one pixel to all. Asked last, since it looks at every pixel."""
    return bool(torch.isfinite(x.detach().sum()))


def _pays(geometry: Geometry, n: int, inputs: int, outputs: int, products: float) -> bool:
    """Whether spectra are faster than `products` multiplications for each image and pair of channels."""
    if min(geometry.outputs) < 1:
        return False
    # Plain convolutions work on 16 channels at a time; fewer take as long, of those that go in only when fitting.
    plain_inputs = max(inputs, 16) if torch.is_grad_enabled() else inputs
    plain = products * n * plain_inputs * max(outputs, 16)
    return MARGIN * estimate(geometry, n, inputs, outputs) + CALL < plain


def estimate(geometry: Geometry, n: int, inputs: int, outputs: int) -> float:
    """The time that spectra take, in multiplications of a plain convolution (on one core of an AMD Zen 4)."""
    periods = geometry.period(0), geometry.period(1)
    maps = ((geometry.inputs, n * inputs), (geometry.outputs, n * outputs), (geometry.kernel, inputs * outputs))
    transforms = sum(count * min(transform_costs(sides, periods)) for sides, count in maps)
    return transforms + 5.7 * periods[0] * (periods[1] // 2 + 1) * n * inputs * outputs


def _blocks(x: Tensor, stride: int) -> Tensor:
    """(N, C, H, W) to (N, C stride^2, H / stride, W / stride), zeros added at the far borders."""
    if stride == 1:
        return x
    height, width = x.shape[-2:]
    if height % stride or width % stride:
        x = F.pad(x, (0, -width % stride, 0, -height % stride))
    return _to_channels(x, stride)


def _to_channels(maps: Tensor, stride: int) -> Tensor:
    """What `pixel_unshuffle` does, in a third of the time."""
    n, channels, height, width = maps.shape
    blocks = maps.contiguous().view(n, channels, height // stride, stride, width // stride, stride)
    return blocks.permute(0, 1, 3, 5, 2, 4).reshape(n, channels * stride**2, height // stride, width // stride)


def _to_pixels(maps: Tensor, stride: int) -> Tensor:
    """What `pixel_shuffle` does."""
    n, channels, height, width = maps.shape
    blocks = maps.view(n, channels // stride**2, stride, stride, height, width)
    return blocks.permute(0, 1, 4, 2, 5, 3).reshape(n, channels // stride**2, height * stride, width * stride)


def _blocks_of_kernel(sides: Size, padding: Size, stride: int) -> tuple[Size, Size]:
    """The kernel's sides in blocks, and where it starts, in blocks from the output's own."""
    first = [-before // stride for before in padding]
    last = [(side - 1 - before) // stride for side, before in zip(sides, padding, strict=True)]
    return (last[0] - first[0] + 1, last[1] - first[1] + 1), (first[0], first[1])


def _in_blocks(weight: Tensor, padding: Size, kernel: Size, starts: Size, stride: int) -> Tensor:
    """A kernel on blocks: the channels that have the stride are `stride`^2 times as many."""
    if stride == 1:
        return weight
    top, left = (-before - stride * start for before, start in zip(padding, starts, strict=True))
    below, right = (
        stride * side - present - missing
        for side, present, missing in zip(kernel, weight.shape[-2:], (top, left), strict=True)
    )
    return _to_channels(F.pad(weight, (left, right, top, below)), stride)


def _ceil(sides: Any, stride: int) -> Size:
    return -(-sides[0] // stride), -(-sides[1] // stride)


def _pair(values: Any) -> Size:
    first, second = values
    return int(first), int(second)
