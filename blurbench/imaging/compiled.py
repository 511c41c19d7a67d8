"""The compiled convolutions of `c/`, called with tensors."""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from typing import Any

import torch
from torch.autograd.forward_ad import unpack_dual

from blurbench.imaging import native
from blurbench.imaging.arguments import distinct_maps, parts_of
from blurbench.imaging.values import DensePsf, DiscPsf, GaussianPsf, Padding, Psf, SigmaMap, TapsPsf

__all__ = ["blur", "covers", "differentiated", "reach_of_points", "transformed"]

_PADDINGS: tuple[Padding, ...] = ("reflect", "replicate", "zeros", "wrap")  # in the order of `c/planes.h`
_ROWS, _WIDTH = 4, 16  # the least size of an image
_Values = torch.Tensor | int | None


class _Batch(ctypes.Structure):
    """`Batch` of `c/planes.h`."""

    _fields_ = (
        ("images", ctypes.c_void_p),
        ("out", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in ("n", "channels", "height", "width")),
        ("padding", ctypes.c_int32),
        ("threads", ctypes.c_int32),
        ("parallel", ctypes.c_void_p),
    )


def covers(images: torch.Tensor, psf: Psf | torch.Tensor) -> bool:
    """Whether `blur` can be asked: float32 images on the CPU, large enough, of which nobody wants derivatives."""
    parts = parts_of(psf).values()
    return (
        images.dtype == torch.float32
        and images.shape[-2] >= _ROWS
        and images.shape[-1] >= _WIDTH
        and all(values.device.type == "cpu" for values in (images, *parts))
        and not any(differentiated(values) for values in (images, *parts))
        and native.library("varying" if isinstance(psf, SigmaMap) else "convolution") is not None
    )


def differentiated(values: torch.Tensor) -> bool:
    """Whether derivatives of any kind are wanted: reverse, forward, or by a transform of torch.func (such as vmap)."""
    return transformed(values) or (torch.is_grad_enabled() and values.requires_grad)


def transformed(values: torch.Tensor) -> bool:
    """Whether they carry forward-mode derivatives, or stand for more than themselves in a transform of torch.func."""
    wrapped = torch._C._functorch.is_functorch_wrapped_tensor(values)
    return wrapped or unpack_dual(values).tangent is not None  # type: ignore[no-untyped-call]


def reach_of_points(psf: TapsPsf) -> int:
    """The largest offset of any point with a weight, in pixels down or across."""
    offsets, weights = psf.offsets.long().contiguous(), _doubles(psf.weights)
    return int(_convolution().reach_of_points(offsets.data_ptr(), weights.data_ptr(), weights.numel()))


def blur(
    images: torch.Tensor,
    psf: Psf | torch.Tensor,
    padding: Padding,
    in_fourier_space: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    most_taps: int,
) -> torch.Tensor:
    """What `convolution.convolve` gives, of images that are covered, with a padding that reaches far enough.

    Images whose PSF has no structure and more than `most_taps` taps are left to `in_fourier_space`, with their PSFs.
    """
    match psf:
        case GaussianPsf():
            return _run(_convolution().blur_gaussian, images, padding, _doubles(psf.sigma), psf.size or 0)
        case TapsPsf():
            points = (psf.offsets.long().contiguous(), _doubles(psf.weights))
            return _run(_convolution().blur_points, images, padding, *points, psf.weights.shape[1])
        case DiscPsf():
            return _run(_convolution().blur_disc, images, padding, _doubles(psf.radius))
        case SigmaMap():
            return _blur_varying(images, psf, padding)
    weights = _doubles(psf.weights if isinstance(psf, DensePsf) else psf)
    left = _many_taps(weights, most_taps)
    blurred = _run(_convolution().blur_dense, images, padding, weights, *weights.shape[1:], left)
    if left is not None and bool(left.any()):
        blurred[left] = in_fourier_space(images[left], weights[left])
    return blurred


def _many_taps(weights: torch.Tensor, most_taps: int) -> torch.Tensor | None:
    """Which of the kernels (N, a, b) cost as much as more than `most_taps` taps; None where none can."""
    if weights[0].numel() <= most_taps:
        return None
    marked = torch.zeros(len(weights), dtype=torch.bool)
    if _convolution().many_taps(weights.data_ptr(), *weights.shape, most_taps, marked.data_ptr()):
        raise MemoryError("no memory for the taps of the PSFs")
    return marked


def _blur_varying(images: torch.Tensor, psf: SigmaMap, padding: Padding) -> torch.Tensor:
    some = distinct_maps(psf)
    sigma, radius = _doubles(psf.sigma[some]), None if psf.radius is None else psf.radius[some].long().contiguous()
    stride = 0 if len(sigma) == 1 else sigma[0].numel()
    return _run(_varying().blur_varying, images, padding, sigma, radius, stride)


def _doubles(values: torch.Tensor) -> torch.Tensor:
    return values.detach().double().contiguous()


def _run(function: Callable[..., int], images: torch.Tensor, padding: Padding, *rest: _Values) -> torch.Tensor:
    images = images.detach().contiguous()
    out = torch.empty_like(images)
    threads, parallel = torch.get_num_threads(), None if _forked else _openmp()
    batch = _Batch(images.data_ptr(), out.data_ptr(), *images.shape, _PADDINGS.index(padding), threads, parallel)
    if function(ctypes.byref(batch), *(v.data_ptr() if isinstance(v, torch.Tensor) else v for v in rest)):
        raise MemoryError("no memory for the border of the images")
    return out


@functools.cache
def _openmp() -> int | None:
    """Where torch's own pool of threads is called, if it has one."""
    try:
        return ctypes.cast(ctypes.CDLL(None).GOMP_parallel, ctypes.c_void_p).value
    except AttributeError:  # a library of its own, with another name
        return None


def _note_fork() -> None:
    global _forked
    _forked = True  # the threads of the pool stayed behind; it would wait for them for ever


_forked = False
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


@functools.cache
def _convolution() -> Any:
    """The library; only where `covers` found it."""
    library = _known("convolution")
    pointer, number = ctypes.c_void_p, ctypes.c_int64
    library.blur_gaussian.argtypes = (pointer, pointer, number)
    library.blur_points.argtypes = (pointer, pointer, pointer, number)
    library.blur_disc.argtypes = (pointer, pointer)
    library.blur_dense.argtypes = (pointer, pointer, number, number, pointer)
    library.many_taps.argtypes = (pointer, number, number, number, number, pointer)
    library.reach_of_points.argtypes = (pointer, pointer, number)
    library.reach_of_points.restype = number
    return library


@functools.cache
def _varying() -> Any:
    library = _known("varying")
    library.blur_varying.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)
    return library


def _known(name: str) -> ctypes.CDLL:
    library = native.library(name)
    assert library is not None, "ask covers() first"
    return library
