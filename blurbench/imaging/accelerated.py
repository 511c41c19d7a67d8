"""Blurring on a GPU: one Triton kernel for a whole batch, picked by the type of the PSF.

Gaussians go as products with banded matrices, both passes in one kernel; taps, discs and other PSFs tap by tap, unless
they are so wide that a Fourier transform is left to do; maps of sigma pixel by pixel. Gradients with respect to the
images are the adjoint, by the same kernels. What is not covered takes its path in torch, with the same result.

No GPU has timed these rules yet: `MOST_TAPS` and `PRECISION` are what to try first.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import os
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from blurbench.imaging import native
from blurbench.imaging.arguments import distinct_maps, parts_of
from blurbench.imaging.psf import dense, from_kernel
from blurbench.imaging.values import DensePsf, DiscPsf, GaussianPsf, Padding, Psf, SigmaMap, TapsPsf

__all__ = ["blur", "covers"]

MOST_TAPS = 41**2
"""A square of more taps than these is left to a Fourier transform."""
PRECISION = "ieee"
"""Of the products: `tf32x3` takes three passes through the matrix units of NVIDIA, with an error near float32's."""


def covers(images: Tensor, psf: Psf | Tensor, reach: int) -> bool:
    """Whether `blur` can be asked: float32 images and PSFs on one GPU, PSFs fixed, images not too wide for int32."""
    parts = parts_of(psf).values()
    wanted = torch.is_grad_enabled()
    side = 2 * reach + 1
    return (
        images.dtype == torch.float32
        and _available(images.device)
        and all(values.device == images.device for values in parts)
        and not (wanted and any(values.requires_grad for values in parts))
        and not (wanted and images.requires_grad and isinstance(psf, SigmaMap))
        and (side**2 <= MOST_TAPS or isinstance(psf, GaussianPsf | TapsPsf | SigmaMap))
        and (images.shape[-2] + 2 * reach) * (images.shape[-1] + 2 * reach) < 2**31
    )


def blur(images: Tensor, psf: Psf | Tensor, padding: Padding, reach: int) -> Tensor:
    """What `convolution.convolve` gives, of images that are covered, with a padding that reaches `reach` pixels far."""
    job = _Job(_prepared(psf), padding, reach)
    blurred: Tensor = _Blur.apply(images, job)
    return blurred


@dataclass(frozen=True, eq=False)
class _Job:
    """PSFs as a kernel takes them, and what lies beyond the border."""

    psf: Psf
    padding: Padding
    reach: int


def _prepared(psf: Psf | Tensor) -> Psf:
    match psf:
        case Tensor():
            return DensePsf(from_kernel(psf.detach()).weights.float())
        case DensePsf() | DiscPsf():
            return DensePsf(dense(psf).weights.detach().float())
        case _:
            return psf


class _Blur(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, job: _Job) -> Tensor:
        ctx.job = job
        out = torch.empty(images.shape, dtype=images.dtype, device=images.device)
        _start(images.detach().contiguous(), out, job.psf, job.padding, 0)
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """All that the light of `gradient` reaches with the offsets turned round; then what fell on the border goes
        where the border was taken from."""
        job: _Job = ctx.job
        half = job.reach
        n, c, h, w = gradient.shape
        spread = torch.empty((n, c, h + 2 * half, w + 2 * half), dtype=gradient.dtype, device=gradient.device)
        _start(gradient.contiguous(), spread, job.psf, "zeros", -half, adjoint=True)
        return _folded(_folded(spread, 2, half, job.padding), 3, half, job.padding).contiguous(), None


def _folded(spread: Tensor, dim: int, half: int, padding: Padding) -> Tensor:
    """The adjoint of `convolution.pad` along one axis."""
    length = spread.shape[dim] - 2 * half
    inner = spread.narrow(dim, half, length)
    if half == 0 or padding == "zeros":
        return inner
    inner = inner.clone()
    before, after = spread.narrow(dim, 0, half), spread.narrow(dim, half + length, half)
    match padding:
        case "reflect":
            inner.narrow(dim, 1, half).add_(before.flip(dim))
            inner.narrow(dim, length - 1 - half, half).add_(after.flip(dim))
        case "replicate":
            inner.narrow(dim, 0, 1).add_(before.sum(dim, keepdim=True))
            inner.narrow(dim, length - 1, 1).add_(after.sum(dim, keepdim=True))
        case "wrap":
            inner.narrow(dim, length - half, half).add_(before)
            inner.narrow(dim, 0, half).add_(after)
    return inner


# --- starting the kernels ------------------------------------------------------------------------------------------


def _start(images: Tensor, out: Tensor, psf: Psf, padding: Padding, origin: int, adjoint: bool = False) -> None:
    if out.numel() == 0:
        return
    with _on(out.device):
        match psf:
            case GaussianPsf():
                _gaussian(images, out, psf, padding, origin)
            case TapsPsf():
                points = psf.offsets.contiguous(), psf.weights.detach().contiguous()
                _taps(images, out, *points, padding, origin, side=0, adjoint=adjoint)
            case DensePsf():
                weights = psf.weights.contiguous()
                _taps(images, out, weights, weights, padding, origin, side=weights.shape[-1], adjoint=adjoint)
            case SigmaMap():
                _varying(images, out, psf, padding)


def _gaussian(images: Tensor, out: Tensor, psf: GaussianPsf, padding: Padding, origin: int) -> None:
    side, warps = (32, 4) if max(out.shape[-2:]) <= 64 else (64, 8)
    _kernels().blur_gaussian[(_tiles(out, side, side),)](
        images, out, psf.sigma.detach().contiguous(), psf.size or 0, images.shape[1], *images.shape[-2:],
        *out.shape[-2:], origin, padding, SIDE=side, STEP=32, precision=PRECISION, num_warps=warps,
    )  # fmt: skip


def _taps(
    images: Tensor,
    out: Tensor,
    offsets: Tensor,
    weights: Tensor,
    padding: Padding,
    origin: int,
    side: int,
    adjoint: bool,
) -> None:
    high, wide = _tile(out)
    _kernels().blur_taps[(_tiles(out, high, wide),)](
        images, out, offsets, weights, weights[0].numel(), images.shape[1], *images.shape[-2:],
        *out.shape[-2:], origin, padding, SIDE=side, ADJOINT=adjoint, HIGH=high, WIDE=wide,
    )  # fmt: skip


def _varying(images: Tensor, out: Tensor, psf: SigmaMap, padding: Padding) -> None:
    some = distinct_maps(psf)
    sigma = psf.sigma.detach()[some].contiguous()
    radius = sigma if psf.radius is None else psf.radius[some].contiguous()
    high, wide = _tile(out)
    _kernels().blur_varying[(_tiles(out, high, wide),)](
        images, out, sigma, radius, 0 if len(sigma) == 1 else sigma[0].numel(), images.shape[1], *images.shape[-2:],
        padding, OWN_RADII=psf.radius is not None, HIGH=high, WIDE=wide,
    )  # fmt: skip


def _tile(out: Tensor) -> tuple[int, int]:
    """Rows as long as a cache line or two, so many that a program has work for 128 threads."""
    return (32, 32) if out.shape[-1] <= 32 else (16, 64)


def _tiles(out: Tensor, high: int, wide: int) -> int:
    n, c, rows, columns = out.shape
    return n * c * -(-rows // high) * -(-columns // wide)


def _on(device: torch.device) -> Any:
    """Kernels start on the current GPU, which need not be the one of the images."""
    return contextlib.nullcontext() if device.type == "cpu" else torch.accelerator.device_index(device.index)


def _available(device: torch.device) -> bool:
    if not native.wanted():
        return False
    if os.environ.get("TRITON_INTERPRET") == "1":  # Triton's own switch, for tests: kernels run on the CPU
        return device.type == "cpu" and _installed()
    return device.type in ("cuda", "xpu") and torch.accelerator.is_available() and _installed()


@functools.cache
def _installed() -> bool:
    return importlib.util.find_spec("triton") is not None


@functools.cache
def _kernels() -> Any:
    return importlib.import_module("blurbench.imaging.triton_kernels")
