"""What a caller gives, checked at the door: one line says what was given and what is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from blurbench.errors import UsageError
from blurbench.imaging.values import DensePsf, DiscPsf, GaussianPsf, Psf, SigmaMap, TapsPsf, psf_rows

__all__ = ["check_finite", "check_images", "check_psfs", "distinct_maps", "parts_of", "single"]

_REAL = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def check_images(images: Any, bytes_too: bool = False, least: int = 0) -> None:
    """Refuse what are no images: a strided floating-point tensor (N, C, H, W), sides of at least `least` pixels; with
    `bytes_too` also uint8. Whole numbers of any other kind would come out black or wrapped around."""
    if not isinstance(images, Tensor):
        raise UsageError(f"images must be a torch tensor (N, C, H, W), not a {type(images).__name__}")
    if images.ndim != 4:
        hint = "; of one image give image[None]" if images.ndim == 3 else ""
        raise UsageError(f"images must be (N, C, H, W), not {tuple(images.shape)}{hint}")
    if images.dtype not in _REAL and not (bytes_too and images.dtype == torch.uint8):
        scaled = "images.float() / 255" if images.dtype == torch.uint8 else "images.float(), scaled to 0..1"
        raise UsageError(f"images must be floating-point numbers in [0, 1], not {images.dtype}; give {scaled}")
    if images.layout != torch.strided:
        raise UsageError(f"images must be dense, not {images.layout}; give images.to_dense()")
    if min(images.shape[-2:]) < least:
        raise UsageError(f"images of at least {least}x{least} pixels are needed, not {tuple(images.shape[-2:])}")


def check_finite(images: Tensor, what: str) -> None:
    """Refuse NaN and infinity for what mixes all pixels with all others."""
    if images.numel() and not bool(torch.isfinite(images).all()):
        raise UsageError(f"{what} spreads every pixel over the whole image, and a pixel here is NaN or infinite")


def check_psfs(images: Tensor, psf: Psf | Tensor) -> None:
    """Refuse what are no PSFs of `images` (N, C, H, W), one for each."""
    if not isinstance(psf, Tensor | GaussianPsf | TapsPsf | DiscPsf | DensePsf | SigmaMap):
        raise UsageError(f"a PSF must be kernels (N, a, b) or one of blurbench.contract, not a {type(psf).__name__}")
    if isinstance(psf, Tensor) and psf.ndim != 3:
        raise UsageError(f"a PSF of each image must be given: kernels (N, a, b), not {tuple(psf.shape)}")
    for name, values in parts_of(psf).items():
        _check_part(name, values, len(images))
    match psf:
        case SigmaMap(radius=radius):
            _check_maps(images, psf)
            if radius is not None:
                _check_whole("radius", radius)
        case GaussianPsf(size=size):
            if size is not None and (type(size) is not int or size < 1 or size % 2 == 0):
                raise UsageError(f"the size of a GaussianPsf must be an odd whole number of pixels, not {size!r}")
        case DensePsf(weights=weights):
            if weights.ndim != 3 or weights.shape[1] != weights.shape[2] or weights.shape[1] % 2 == 0:
                raise UsageError(f"the weights of a DensePsf must be (N, k, k), k odd, not {tuple(weights.shape)}")
        case TapsPsf(offsets=offsets, weights=weights):
            if weights.ndim != 2 or offsets.shape != (*weights.shape, 2):
                shapes = f"{tuple(offsets.shape)} and {tuple(weights.shape)}"
                raise UsageError(f"a TapsPsf wants offsets (N, T, 2) and weights (N, T), not {shapes}")
            _check_whole("offsets", offsets)
    _check_lengths(psf)


def parts_of(psf: Psf | Tensor) -> dict[str, Tensor]:
    """The tensors of a PSF by their names."""
    parts = {"kernels": psf} if isinstance(psf, Tensor) else vars(psf)
    return {name: values for name, values in parts.items() if isinstance(values, Tensor)}


def distinct_maps(psf: SigmaMap) -> slice:
    """The rows of a map to look at: one map for all images, such as an expanded one, is not repeated."""
    shared = psf.sigma.stride(0) == 0 and (psf.radius is None or psf.radius.stride(0) == 0)
    return slice(0, 1) if shared else slice(None)


def single(psf: Psf | Tensor, count: int) -> Iterator[Psf | Tensor]:
    """The PSF of each of `count` images, by itself."""
    for row in range(count):
        some = slice(row, row + 1)
        yield psf[some] if isinstance(psf, Tensor) else psf_rows(psf, some)


def _check_part(name: str, values: Tensor, count: int) -> None:
    if values.ndim == 0 or len(values) != count:
        raise UsageError(f"{count} images need as many PSFs, but {name} is {tuple(values.shape)}")
    if values.is_complex() or values.layout != torch.strided:
        raise UsageError(f"{name} must be dense real numbers, not {values.dtype} ({values.layout})")
    if values.numel() == 0 and count:
        raise UsageError(f"{name} is empty: {tuple(values.shape)}")


def _check_maps(images: Tensor, psf: SigmaMap) -> None:
    for values in parts_of(psf).values():
        if values.shape[1:] != images.shape[2:]:
            wanted = tuple(images.shape[2:])
            raise UsageError(f"maps must be as large as the images, {wanted}, not {tuple(values.shape[1:])}")


def _check_whole(name: str, values: Tensor) -> None:
    if values.is_floating_point() or values.dtype == torch.bool:
        raise UsageError(f"{name} must be whole numbers of pixels, not {values.dtype}; give {name}.long()")


def _check_lengths(psf: Psf | Tensor) -> None:
    """Refuse lengths that are negative, and numbers that are NaN or infinite."""
    for name, values in parts_of(psf).items():
        if values.numel() == 0 or name == "offsets":
            continue
        low, high = _ends(name, values)
        if not (-float("inf") < low <= high < float("inf")):
            raise UsageError(f"{name} of a PSF must be finite numbers, not {low:g} to {high:g}")
        if low < 0 and name in ("sigma", "radius"):
            raise UsageError(f"{name} of a PSF must not be negative, but one is {low:g}")


def _ends(name: str, values: Tensor) -> tuple[float, float]:
    ends = torch.stack(values.detach().aminmax())
    try:
        low, high = _numbers(ends)
    except RuntimeError:  # torch.vmap has no numbers to show
        raise UsageError(
            f"{name} of a PSF cannot be mapped over by torch.vmap; convolve takes one PSF an image, so stack them"
        ) from None
    return low, high


def _numbers(values: Tensor) -> list[float]:
    try:
        return [float(value) for value in values.tolist()]  # in one transfer
    except RuntimeError:  # before torch 2.14 what torch.func differentiates has single numbers alone
        return [float(value) for value in values]
