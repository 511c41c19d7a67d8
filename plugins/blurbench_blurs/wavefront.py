"""From a wavefront in the pupil of a lens to the light on each pixel, by scalar diffraction (Goodman, ch. 6).

    OTF = autocorrelation of pupil exp(2 pi i W)        psf[pixel] = inverse transform of OTF times the pixel's sinc

The OTF has no frequency above 1 / (wavelength f-number), so the integral over a pixel is exact: it is a product.
"""

from __future__ import annotations

import math

import torch

__all__ = ["SLOPES", "half_width", "pixel_psf"]

SLOPES = (4 * 3**0.5, 2 * 6**0.5, 2 * 6**0.5, 7 * 8**0.5, 7 * 8**0.5, 12 * 5**0.5)
"""The steepest slope of each term of `_zernike` within the pupil, per unit of its radius."""
_HALO = 4  # in wavelength times f-number: 95% of an Airy pattern's light
_FEWEST = 64  # samples across the pupil; the Airy pattern is then right to 1e-3 of its peak


def half_width(waves: tuple[float, ...], blur: float) -> int:
    """Pixels from the centre to the PSF's edge: what rays of the largest aberrations (in waves) reach, and diffraction.

    A ray meets the sensor 2 `blur` times the wavefront's slope away, `blur` = wavelength f-number / pitch in pixels.
    """
    slope = sum(abs(wave) * steepest for wave, steepest in zip(waves, SLOPES, strict=True))
    return math.ceil((2 * slope + _HALO) * blur) + 1


def pixel_psf(waves: torch.Tensor, blur: float, half: int) -> torch.Tensor:
    """The light on (2 half + 1)^2 pixels, float64, summing to 1: what falls further away is left out.

    Args:
        waves: (6,), root mean square of each Zernike term in waves, in the order of `SLOPES`.
        blur: wavelength times f-number over pixel pitch, in pixels: the Airy radius is 1.22 times as long.
        half: pixels from the centre to the edge.
    """
    side = 2 * half + 1
    # The transform repeats the pattern every `samples` times `blur` pixels: far enough to keep its neighbours out.
    samples = max(_FEWEST, 2 ** math.ceil(math.log2(2 * side / blur)))
    otf = _otf(_pupil(waves.double(), samples))
    frequency = torch.fft.fftfreq(2 * samples, 1 / (2 * samples), dtype=torch.float64, device=waves.device)
    frequency = frequency / (samples * blur)  # cycles a pixel
    place = torch.arange(-half, half + 1, dtype=torch.float64, device=waves.device)
    phase = -2 * math.pi * place[:, None] * frequency
    basis = torch.polar(torch.sinc(frequency).expand_as(phase), phase)
    light = (basis @ otf @ basis.mT).real.clamp_min(0)
    return light / light.sum()


def _pupil(waves: torch.Tensor, samples: int) -> torch.Tensor:
    """The field in the pupil, complex (samples, samples); samples on its edge count by their covered share."""
    step = 2 / samples
    place = (torch.arange(samples, dtype=torch.float64, device=waves.device) + 0.5) * step - 1
    y, x = place[:, None], place[None]
    covered = ((1 - torch.hypot(x, y)) / step + 0.5).clamp(0, 1)
    path = sum(wave * term for wave, term in zip(waves, _zernike(y, x), strict=True))
    return torch.polar(covered, 2 * math.pi * path)


def _zernike(y: torch.Tensor, x: torch.Tensor) -> list[torch.Tensor]:
    """Of unit variance over the pupil (Noll 1976): defocus, astigmatism at 0 and 45 degrees, coma along the rows and
    down the columns, spherical aberration."""
    square = x**2 + y**2
    return [
        3**0.5 * (2 * square - 1),
        6**0.5 * (x**2 - y**2),
        6**0.5 * 2 * x * y,
        8**0.5 * (3 * square - 2) * x,
        8**0.5 * (3 * square - 2) * y,
        5**0.5 * (6 * square**2 - 6 * square + 1),
    ]


def _otf(field: torch.Tensor) -> torch.Tensor:
    """Complex (2 samples, 2 samples), 1 at frequency 0, which comes first."""
    size = [2 * length for length in field.shape]
    correlation: torch.Tensor = torch.fft.ifft2(torch.fft.fft2(field, s=size).abs().square())
    return correlation.div(correlation[0, 0])
