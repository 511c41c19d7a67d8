"""Convolution of many channels with large kernels, as products of spectra.

A kernel of 9x9 pixels multiplies 81 times for each output pixel and pair of channels, its spectrum about three times.
At the sizes of these maps a Fourier transform is fastest as a product with a constant matrix: any length will do,
borders cost nothing, and the axes come out in the order that the product over channels at each frequency needs.

    spectrum[f] = sum over p of map[p] e^(s i f p)        s = -1 for what goes in, +1 for kernels and what comes out

The transforms and the product are linear, so gradients take the same steps in reverse; with these signs no complex
conjugate is needed anywhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import torch
from torch import Tensor

from blurbench.imaging.workspaces import lease

__all__ = ["Geometry", "Size", "convolve_spectra", "transform_costs"]

Size: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Geometry:
    """Sides of maps in, maps out and kernels; `starts`: where the kernel begins, relative to the output pixel.

    transposed False:  out[q] = sum over t of in[q + starts + t] weight[out, in, t]
    transposed True:   out[q] = sum over t of in[q - starts - t] weight[in, out, t]
    """

    inputs: Size
    outputs: Size
    kernel: Size
    starts: Size
    transposed: bool

    def period(self, axis: int) -> int:
        """The shortest length of a circle on which what wraps around meets only zeros."""
        low, high = self.starts[axis], self.starts[axis] + self.kernel[axis] - 1
        if self.transposed:
            low, high = -high, -low
        return max(self.inputs[axis] + max(0, -low), self.outputs[axis] + max(0, high))


def convolve_spectra(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
    """Maps (N, O, *geometry.outputs) of maps `x` (N, I, *geometry.inputs); `weight` (O, I, ...) or (I, O, ...)."""
    out: Tensor = _Spectral.apply(x, weight, bias, geometry)
    return out


class _Spectral(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, geometry: Geometry) -> Tensor:
        grids = _grids(geometry, x.dtype)
        n, channels = x.shape[:2]
        of_x = grids.inputs.analyse(x).view(-1, n, channels)
        of_weight = grids.kernel.analyse(weight).view(-1, *weight.shape[:2])
        product = lease((len(of_x), n, grids.channels(weight)), of_x.dtype)
        torch.bmm(of_x, grids.in_to_out(of_weight), out=product)
        if bias is not None:
            product[0] += bias * grids.count
        ctx.grids, ctx.has_bias = grids, bias is not None
        ctx.save_for_backward(of_x, of_weight)
        return grids.outputs.synthesise(product)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        grids: _Grids = ctx.grids
        of_x, of_weight = ctx.saved_tensors
        n, channels = gradient.shape[:2]
        of_gradient = grids.outputs.analyse(gradient).view(-1, n, channels)
        of_x_gradient = of_weight_gradient = of_bias = None
        if ctx.has_bias and ctx.needs_input_grad[2]:
            of_bias = of_gradient[0].real.sum(0) * grids.count
        if ctx.needs_input_grad[1]:
            left, right = (of_x, of_gradient) if grids.transposed else (of_gradient, of_x)
            product = lease(of_weight.shape, of_x.dtype)
            torch.bmm(left.transpose(1, 2), right, out=product)
            of_weight_gradient = grids.kernel.synthesise(product)
        if ctx.needs_input_grad[0]:
            product = lease(of_x.shape, of_x.dtype)
            torch.bmm(of_gradient, grids.in_to_out(of_weight).transpose(1, 2), out=product)
            of_x_gradient = grids.inputs.synthesise(product)
        return of_x_gradient, of_weight_gradient, of_bias, None


# --- transforms ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Grids:
    """The transforms of a geometry."""

    inputs: _Grid
    outputs: _Grid
    kernel: _Grid
    transposed: bool
    count: int
    """Pixels of the circle."""

    def in_to_out(self, of_weight: Tensor) -> Tensor:
        """(frequencies, I, O)"""
        return of_weight if self.transposed else of_weight.transpose(1, 2)

    def channels(self, weight: Tensor) -> int:
        return weight.shape[1 if self.transposed else 0]


@lru_cache(maxsize=256)
def _grids(geometry: Geometry, dtype: torch.dtype) -> _Grids:
    periods = geometry.period(0), geometry.period(1)
    count = math.prod(periods)
    origin = (0, 0)
    sign = -1 if geometry.transposed else 1
    return _Grids(
        _Grid(origin, geometry.inputs, periods, -1, None, dtype),
        _Grid(origin, geometry.outputs, periods, 1, count, dtype),
        _Grid(geometry.starts, geometry.kernel, periods, sign, None, dtype),
        geometry.transposed,
        count,
    )


class _Grid:
    """The Fourier transform of maps whose pixels lie at `starts` + (0.. sides - 1) of a circle of `periods`, and its
    adjoint. Rows have all frequencies, columns the non-negative ones; with `count` the others' share is added and
    all is divided by it, which makes the adjoint the inverse."""

    def __init__(
        self, starts: Size, sides: Size, periods: Size, sign: int, count: int | None, dtype: torch.dtype
    ) -> None:
        self.sides = sides
        self.half = periods[1] // 2 + 1
        self.rows = periods[0]
        down = _waves(starts[0], sides[0], periods[0], periods[0], sign)
        across = _waves(starts[1], sides[1], periods[1], self.half, sign)
        if count is not None:
            shares = torch.full((self.half, 1), 2.0, dtype=torch.float64)
            shares[0] = 1
            if periods[1] % 2 == 0:
                shares[-1] = 1
            across = across * shares / count
        self.whole: Tensor | None = None
        by_axis, at_once = transform_costs(sides, periods)
        if at_once < by_axis:
            both = torch.einsum("fw,gh->fghw", across, down).reshape(self.half * self.rows, -1)
            self.whole = torch.cat([both.real, both.imag]).to(dtype)
            self.whole_back = torch.cat([both.real, -both.imag]).to(dtype)
        else:
            self.across = torch.cat([across.real, across.imag]).to(dtype)
            self.across_back = torch.cat([across.real, -across.imag]).to(dtype)
            self.down = down.to(_complex(dtype)).expand(self.half, -1, -1)

    def analyse(self, maps: Tensor) -> Tensor:
        """Real maps (N, C, *sides) to complex spectra (frequencies, N C)."""
        height, width = self.sides
        maps = maps.contiguous()
        count = maps.shape[0] * maps.shape[1]
        if self.whole is not None:
            parts = lease((len(self.whole), count), maps.dtype)
            torch.mm(self.whole, maps.view(count, height * width).t(), out=parts)
            spectra = lease((len(parts) // 2, count), _complex(maps.dtype))
            return torch.complex(*parts.chunk(2), out=spectra)
        parts = lease((2 * self.half, count * height), maps.dtype)
        torch.mm(self.across, maps.view(count * height, width).t(), out=parts)
        rows = lease((self.half, count, height), self.down.dtype)
        torch.complex(*parts.view(2, self.half, count, height), out=rows)
        spectra = lease((self.half, self.rows, count), self.down.dtype)
        return torch.bmm(self.down, rows.transpose(1, 2), out=spectra).view(-1, count)

    def synthesise(self, spectra: Tensor) -> Tensor:
        """The adjoint: (frequencies, N, C) to (N, C, *sides)."""
        height, width = self.sides
        n, channels = spectra.shape[1:]
        count = n * channels
        real = spectra.real.dtype
        if self.whole is not None:
            parts = lease((2, len(spectra), count), real)
            parts.copy_(torch.view_as_real(spectra.view(-1, count)).movedim(-1, 0))
            return torch.mm(parts.view(-1, count).t(), self.whole_back).view(n, channels, height, width)
        rows = lease((self.half, count, height), spectra.dtype)
        torch.bmm(spectra.view(self.half, self.rows, count).transpose(1, 2), self.down, out=rows)
        parts = lease((2, self.half, count * height), real)
        parts.view(2, *rows.shape).copy_(torch.view_as_real(rows).movedim(-1, 0))
        maps = torch.mm(parts.view(2 * self.half, count * height).t(), self.across_back)
        return maps.view(n, channels, height, width)


def transform_costs(sides: Size, periods: Size) -> tuple[float, float]:
    """The time of one transform, an axis at a time and as one product with a matrix for all pixels.

    In multiplications of a plain convolution, measured on one core of an AMD Zen 4."""
    (height, width), rows, half = sides, periods[0], periods[1] // 2 + 1
    by_axis = half * height * (6.4 * width + 7.2 * rows + 40)
    at_once = half * rows * (7.4 * height * width + 40)
    return by_axis + 60 * height * width, at_once + 60 * height * width


def _waves(start: int, side: int, period: int, frequencies: int, sign: int) -> Tensor:
    """e^(sign i 2 pi f p / period), (frequencies, side), in double precision."""
    with torch.inference_mode(False):
        positions = torch.arange(start, start + side)
        # Whole turns are taken off before the angle is rounded.
        turns = torch.outer(torch.arange(frequencies), positions) % period
        return torch.polar(torch.ones(turns.shape, dtype=torch.float64), sign * 2 * math.pi / period * turns.double())


def _complex(dtype: torch.dtype) -> torch.dtype:
    return torch.complex128 if dtype == torch.float64 else torch.complex64
