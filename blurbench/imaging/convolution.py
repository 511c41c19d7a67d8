"""Blurring N images, each with its own PSF. The type of the PSF picks the algorithm.

    blurred[p] = sum over offsets o of psf[o] * image[p - o]        a true convolution: a point at p is seen at p + o

Float32 images on the CPU go through the compiled code of `compiled`, where there is any. The rules below are for torch:
on other devices, without a compiler, or where derivatives are wanted, forward or reverse. A pixel that is NaN or
infinite reaches as far as its PSF, so such images never go through a Fourier transform or a banded matrix. The rules
were measured on one core of an AMD Zen 3 (AVX2), torch 2.15. One shared kernel where all PSFs are equal was tried and
is slower than a grouped convolution (2.2 against 0.5 ms for 256 images of 28x28 pixels and 9x9 taps), so there is no
such path.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
from torch.nn import functional as F

from blurbench.errors import UnknownName, UsageError
from blurbench.imaging import accelerated, compiled
from blurbench.imaging.arguments import check_images, check_psfs, distinct_maps, single
from blurbench.imaging.psf import (
    dense,
    disc_radius,
    from_kernel,
    gaussian_profile,
    gaussian_radius,
    gaussian_taps,
    is_delta,
)
from blurbench.imaging.values import DensePsf, DiscPsf, GaussianPsf, Padding, Psf, SigmaMap, TapsPsf

__all__ = ["convolve", "fast_length", "pad"]

_MODES = {"reflect": "reflect", "replicate": "replicate", "zeros": "constant", "wrap": "circular"}


def convolve(images: torch.Tensor, psf: Psf | torch.Tensor, padding: Padding = "reflect") -> torch.Tensor:
    """Convolve each image with its PSF.

    Args:
        images: float (N, C, H, W), on any scale; half precision is computed in float32. Or uint8, as pictures are
            decoded: then the result is rounded and cut to 0..255.
        psf: N PSFs, or kernels (N, a, b) of a true convolution, centred as by `from_kernel`.
        padding: what lies beyond the border.

    Returns:
        (N, C, H, W) of the images' type, each image as it would be alone, up to 1e-6; never the tensor given itself.
        Gradients of both kinds reach the images and the PSFs' numbers (but for radii of maps and offsets).

    Raises:
        UsageError: where the PSF reaches further than the padding is defined; for images of another type or shape, and
            for PSFs that are none.
    """
    check_images(images, bytes_too=True)
    check_psfs(images, psf)
    check_padding(padding)
    if images.dtype not in (torch.float32, torch.float64):
        return _as_given(convolve(images.float(), psf, padding), images.dtype)
    if images.numel() == 0 or (isinstance(psf, TapsPsf) and not compiled.differentiated(psf.weights) and is_delta(psf)):
        return images.clone()
    covered = compiled.covers(images, psf)
    reach = _reach(psf, covered)
    check_reach(images, reach, padding)
    if accelerated.covers(images, psf, reach):
        return accelerated.blur(images, psf, padding, reach)
    if covered and not (isinstance(psf, SigmaMap) and not _all_finite(images)):
        return compiled.blur(images, psf, padding, lambda x, w: _padded_fourier(x, w, padding), _most_taps(images))
    with torch.autocast(images.device.type, enabled=False):  # which would take half the digits
        if _all_finite(images):
            return _in_torch(images, psf, padding)
        pairs = zip(images, single(psf, len(images)), strict=True)
        return torch.cat([_in_torch(x[None], p, padding, local=True) for x, p in pairs])


def _in_torch(images: torch.Tensor, psf: Psf | torch.Tensor, padding: Padding, local: bool = False) -> torch.Tensor:
    """Any PSF with torch's operations; `local`: only such as mix no pixels further apart than its reach."""
    match psf:
        case torch.Tensor():
            return _dense(images, from_kernel(psf), padding, local)
        case GaussianPsf():
            return _separable(images, gaussian_taps(psf.sigma, psf.size), padding, local)
        case SigmaMap():
            return _varying(images, psf, padding, local)
        case TapsPsf():
            return _taps(images, psf, padding, local)
        case _:
            return _dense(images, dense(psf), padding, local)


def _as_given(blurred: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return blurred.to(dtype) if dtype.is_floating_point else blurred.round().clamp(0, 255).to(dtype)


def _all_finite(images: torch.Tensor) -> bool:
    """Whether all pixels are known to be; under torch.vmap nothing is."""
    try:
        return bool(torch.isfinite(images.detach().sum())) or bool(torch.isfinite(images.detach()).all())
    except RuntimeError:
        return False


def pad(images: torch.Tensor, half: int, padding: Padding) -> torch.Tensor:
    """Images (N, C, H + 2 half, W + 2 half), floating-point or uint8. Raises UsageError where mirror images or copies
    would not reach."""
    check_images(images, bytes_too=True)
    check_padding(padding)
    if type(half) is not int or half < 0:
        raise UsageError(f"half must be a whole number of pixels from 0 on, not {half!r}")
    check_reach(images, half, padding)
    if images.dtype == torch.uint8:  # torch mirrors no bytes
        return F.pad(images.float(), (half,) * 4, mode=_MODES[padding]).to(torch.uint8)
    return F.pad(images, (half,) * 4, mode=_MODES[padding])


def check_padding(padding: str) -> None:
    """Raise UsageError for a padding that there is not."""
    if padding not in _MODES:
        raise UnknownName("padding", padding, _MODES)


def check_reach(images: torch.Tensor, half: int, padding: Padding) -> None:
    """Raise UsageError where the padding is not defined as far as `half` pixels beyond the border."""
    reach = {"reflect": min(images.shape[-2:]) - 1, "wrap": min(images.shape[-2:])}.get(padding, half)
    if half > reach:
        raise UsageError(
            f"padding {padding!r} reaches at most {reach} pixels beyond an image of "
            f"{images.shape[-2]}x{images.shape[-1]}, but the blur has a half-width of {half}; "
            "use a smaller blur, or padding 'replicate' or 'zeros'"
        )


def _reach(psf: Psf | torch.Tensor, covered: bool) -> int:
    """The half-width of the widest of the PSFs."""
    match psf:
        case torch.Tensor():
            return max(psf.shape[-2:]) // 2
        case DensePsf():
            return psf.weights.shape[-1] // 2
        case GaussianPsf():
            return int(gaussian_radius(psf.sigma.max())) if psf.size is None else psf.size // 2
        case DiscPsf():
            return disc_radius(psf.radius)
        case SigmaMap():
            return int(gaussian_radius(psf.sigma.max()) if psf.radius is None else psf.radius.max())
        case TapsPsf():
            return compiled.reach_of_points(psf) if covered else _reach_of_points(psf)


def _reach_of_points(psf: TapsPsf) -> int:
    return int((psf.offsets.abs().amax(-1) * (psf.weights != 0)).max())


def _most_taps(images: torch.Tensor) -> int:
    """Above how many taps a Fourier transform is cheaper: measured at 64x64, 224x224 and 720x1280 on one Zen 4 core."""
    return 400 if images.shape[-2] * images.shape[-1] > 96 * 96 else 1000


def _separable(images: torch.Tensor, taps: torch.Tensor, padding: Padding, local: bool = False) -> torch.Tensor:
    """The same symmetric `taps` (N, k) down the columns, then along the rows."""
    n, c, h, w = images.shape
    taps = _without_specks(taps.to(images))
    # Measured on a Zen 4: 256 images of 28x28 pixels take 0.52 against 0.54 ms with 9 taps, 0.63 against 1.22 with 19.
    if not local and images.device.type == "cpu" and max(h, w) <= 64 and h + w < 8 * taps.shape[1]:
        return _banded(images, taps, padding)
    # Measured on one core with AVX512 beside other work: 28 against 47 ms for 16x3x224x224 with 31 taps, 76 against 298
    # for 2x3x720x1280; but 9.2 against 6.4 for 16x1x224x224.
    if not local and images.device.type == "cpu" and c * h * w > 100_000:
        return _in_blocks(images, taps, padding)
    padded = pad(images, taps.shape[1] // 2, padding)
    weights = taps.repeat_interleave(c, dim=0)
    blurred = F.conv2d(padded.reshape(1, n * c, *padded.shape[-2:]), weights[:, None, :, None], groups=n * c)
    return F.conv2d(blurred, weights[:, None, None, :], groups=n * c).view(n, c, h, w)


def _without_specks(weights: torch.Tensor) -> torch.Tensor:
    """Weights that change no digit of any sum as 0: products with them are subnormal numbers, which can take a
    processor a hundred times as long. Measured on one core with AVX512, other work beside it: 9.5 against 46 ms for
    16x1x224x224 and 13x13 taps, 3.2 against 8.0 for 256x1x28x28 and 9x9. Weights of which derivatives are wanted stay
    as they are: what is set to 0 has none."""
    return weights if compiled.differentiated(weights) else torch.where(weights.abs() < 1e-30, 0.0, weights)


def _banded(images: torch.Tensor, taps: torch.Tensor, padding: Padding) -> torch.Tensor:
    """The same as products with a banded matrix from either side. What lies beyond the border is in the matrices."""
    n, c, h, w = images.shape
    bands = {
        length: (taps.to(images) @ _shifts(taps.shape[1], length, padding, images.dtype)).view(n, length, length)
        for length in {h, w}
    }
    rows = torch.bmm(images.reshape(n, c * h, w), bands[w].mT).view(n, c, h, w)
    return bands[h][:, None] @ rows


_BLOCK = 32
_PIXELS = 2**17
"""Of the images that are worked on at a time, channels included."""


def _in_parts(
    blur: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], images: torch.Tensor, weights: torch.Tensor
) -> torch.Tensor:
    """A few images at a time, so that temporaries stay in the cache and their memory is used again: up to three times
    as fast on a CPU."""
    some = len(images) if images.device.type != "cpu" else max(1, _PIXELS // images[0].numel())
    if some >= len(images):
        return blur(images, weights)
    return torch.cat([blur(*part) for part in zip(torch.split(images, some), torch.split(weights, some), strict=True)])


def _in_blocks(images: torch.Tensor, taps: torch.Tensor, padding: Padding) -> torch.Tensor:
    """The same as products with a banded matrix that makes 32 rows, then 32 columns, from those around them: the only
    way in torch that is not bound by memory in large images."""
    bands = zip(torch.split(images, 1), taps.to(images), strict=True)
    return torch.cat([_by_one_band(image, some, padding) for image, some in bands])


def _by_one_band(image: torch.Tensor, taps: torch.Tensor, padding: Padding) -> torch.Tensor:
    """`_in_blocks` of one image, (1, C, H, W). Blocks are multiplied where they lie, without copies."""
    _, c, h, w = image.shape
    half, reach = len(taps) // 2, _BLOCK + len(taps) - 1
    # The channels one below another, each as high as whole blocks, so that all blocks are equally far apart.
    across, down = _BLOCK * math.ceil(w / _BLOCK), _BLOCK * math.ceil(h / _BLOCK)
    high = _BLOCK * math.ceil((down + 2 * half) / _BLOCK)
    padded = F.pad(pad(image, half, padding), (0, across - w, 0, high - h - 2 * half)).view(c * high, -1)
    # Row i holds the taps, i columns further to the right.
    band = F.pad(taps, (0, _BLOCK)).repeat(_BLOCK)[: _BLOCK * reach].view(_BLOCK, reach)
    around = padded.unfold(0, reach, _BLOCK).mT
    rows = torch.bmm(band.expand(len(around), -1, -1), around).view(-1, padded.shape[1])
    around = rows.unfold(1, reach, _BLOCK).transpose(0, 1)
    columns = torch.bmm(around, band.mT.expand(len(around), -1, -1))
    # What was made from the rows of two channels is left out.
    strides = (0, high * _BLOCK, _BLOCK, columns.stride(0), 1)
    return columns.as_strided((1, c, h, len(columns), _BLOCK), strides).reshape(1, c, h, across)[..., :w]


@functools.lru_cache(maxsize=16)
def _shifts(taps: int, length: int, padding: Padding, dtype: torch.dtype) -> torch.Tensor:
    """For each tap the matrix that moves a column of `length` pixels by it, (taps, length * length)."""
    with torch.inference_mode(False):
        pixels = F.pad(torch.eye(length, dtype=dtype)[None], (taps // 2,) * 2, mode=_MODES[padding])[0]
        return pixels.unfold(1, length, 1).permute(1, 2, 0).reshape(taps, length * length)


def _taps(images: torch.Tensor, psf: TapsPsf, padding: Padding, local: bool = False) -> torch.Tensor:
    # Shifted additions take weights as plain numbers; elsewhere than on a processor each would be a launch of its own.
    if images.device.type != "cpu" or compiled.differentiated(psf.weights):
        return _dense(images, dense(psf), padding, local)
    half = _reach_of_points(psf)
    count = int((psf.weights != 0).sum(1).max())
    pixels = images[0].numel()
    # In multiplications of the grouped convolution: a shifted addition costs 6.6 of them a pixel and 145,000 a call.
    if count * (145_000 + 6.6 * pixels) < (2 * half + 1) ** 2 * pixels:
        return _shift_and_add(images, psf, half, padding)
    return _dense(images, dense(psf), padding, local)


def _shift_and_add(images: torch.Tensor, psf: TapsPsf, half: int, padding: Padding) -> torch.Tensor:
    h, w = images.shape[-2:]
    padded = pad(images, half, padding)
    blurred = torch.zeros_like(images)
    for i, (offsets, weights) in enumerate(zip(psf.offsets.tolist(), psf.weights.tolist(), strict=True)):
        for (dy, dx), weight in zip(offsets, weights, strict=True):
            if weight:
                blurred[i].add_(padded[i, :, half - dy : half - dy + h, half - dx : half - dx + w], alpha=weight)
    return blurred


def _dense(images: torch.Tensor, psf: DensePsf, padding: Padding, local: bool = False) -> torch.Tensor:
    h, w = images.shape[-2:]
    side = psf.weights.shape[-1]
    weights = _without_specks(psf.weights.to(images))
    # The grouped convolution costs side^2 a pixel; the FFTs cost as much as 280 to 440, on the padded image. In large
    # images the convolution waits for memory: 105 against 61 ms for 2x3x720x1280 and 13x13 taps.
    if local or side**2 * h * w < (350 if h * w < 2**18 else 90) * (h + side - 1) * (w + side - 1):
        return _grouped(pad(images, side // 2, padding), weights)
    return _in_parts(lambda some, kernels: _fourier(pad(some, side // 2, padding), kernels), images, weights)


def _padded_fourier(images: torch.Tensor, kernels: torch.Tensor, padding: Padding) -> torch.Tensor:
    if not _all_finite(images):
        pairs = zip(images, kernels, strict=True)
        return torch.cat([_in_torch(x[None], k[None], padding, local=not _all_finite(x)) for x, k in pairs])
    weights = from_kernel(kernels).weights.to(images)
    return _in_parts(lambda some, own: _fourier(pad(some, own.shape[-1] // 2, padding), own), images, weights)


def _grouped(padded: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    n, c, h, w = padded.shape
    kernels = weights.flip(-2, -1).repeat_interleave(c, dim=0)[:, None]
    blurred = F.conv2d(padded.reshape(1, n * c, h, w), kernels, groups=n * c)
    return blurred.view(n, c, *blurred.shape[-2:])


def _fourier(padded: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    shape = [fast_length(length) for length in padded.shape[-2:]]
    transfer = torch.fft.rfft2(weights, s=shape)[:, None]
    if padded.device.type == "cpu" and padded[0].numel() > _PIXELS:
        return torch.cat([_filtered(plane, transfer, weights.shape[-1]) for plane in torch.split(padded, 1, dim=1)], 1)
    return _filtered(padded, transfer, weights.shape[-1]).contiguous()


def _filtered(padded: torch.Tensor, transfer: torch.Tensor, side: int) -> torch.Tensor:
    shape = [fast_length(length) for length in padded.shape[-2:]]
    blurred: torch.Tensor = torch.fft.irfft2(torch.fft.rfft2(padded, s=shape).mul_(transfer), s=shape)
    # The wrapped-around part falls on the padding, which is cut away.
    return blurred[..., side - 1 : padded.shape[-2], side - 1 : padded.shape[-1]]


def fast_length(length: int) -> int:
    """The next even number with no prime factor above 5, for which FFTs are fast."""
    rest = length
    for prime in (2, 3, 5):
        while rest % prime == 0:
            rest //= prime
    return length if rest == 1 and length % 2 == 0 else fast_length(length + 1)


def _varying(images: torch.Tensor, psf: SigmaMap, padding: Padding, local: bool = False) -> torch.Tensor:
    """A Gaussian of another width at every output pixel. Exact, in (radius + 1)^2 passes: the four
    mirror images of an offset have one weight, so they are added first."""
    return _in_parts(
        lambda some, profiles: _varying_part(some, profiles, padding, local), images, _profiles(psf, images)
    )


def _varying_part(images: torch.Tensor, profiles: torch.Tensor, padding: Padding, local: bool) -> torch.Tensor:
    h, w = images.shape[-2:]
    half = profiles.shape[1] - 1
    padded = pad(images, half, padding)
    blurred = torch.zeros_like(images)
    for dy, down in enumerate(profiles.unbind(1)):
        rows = _mirrored(padded, dy, half, h, dim=2)
        along = torch.zeros_like(images)
        for dx, across in enumerate(profiles.unbind(1)):
            _add_weighted(along, _mirrored(rows, dx, half, w, dim=3), across, local)
        _add_weighted(blurred, along, down, local)
    return blurred


def _add_weighted(total: torch.Tensor, values: torch.Tensor, weights: torch.Tensor, local: bool) -> None:
    """Add their product in place; `local`: nothing of what has no weight, were it NaN."""
    if local:
        total += torch.where(weights != 0, values * weights, 0.0)
    else:
        total.addcmul_(values, weights)


def _profiles(psf: SigmaMap, like: torch.Tensor) -> torch.Tensor:
    """The right half of each pixel's 1-D Gaussian taps, (N, radius + 1, 1, H, W)."""
    some = distinct_maps(psf)
    sigma, radius = psf.sigma[some], gaussian_radius(psf.sigma[some]) if psf.radius is None else psf.radius[some]
    x = torch.arange(int(radius.max()) + 1, device=like.device).view(-1, 1, 1, 1)
    taps = gaussian_profile(x, sigma.to(like)[:, None, None]) * (x <= radius[:, None, None])
    taps = taps / (2 * taps.sum(1, keepdim=True) - taps[:, :1])
    return taps.expand(len(like), -1, -1, -1, -1)


def _mirrored(padded: torch.Tensor, offset: int, half: int, length: int, dim: int) -> torch.Tensor:
    """The values at -offset and at +offset, added."""
    before: torch.Tensor = padded.narrow(dim, half - offset, length)
    return before if offset == 0 else before + padded.narrow(dim, half + offset, length)
