"""Wiener deconvolution: the linear estimate of least mean squared error from a blurred, noisy and cropped view.

    estimate = S conj(H) V' (V S |H|^2 V' + noise^2)^-1 (y - mean) + mean

`V` crops to the visible frame: what lies beyond the border is unknown and estimated too, so nothing is assumed about
how the blur was padded, and the border does not ring. Without `V` this is the textbook filter
conj(H) / (|H|^2 + noise^2 / S).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from blurbench.errors import UsageError
from blurbench.imaging.arguments import check_finite, check_images, check_psfs
from blurbench.imaging.convolution import fast_length
from blurbench.imaging.psf import dense
from blurbench.imaging.values import Psf

__all__ = ["wiener"]

_STEPS = 12
_TOLERANCE = 0.02  # of the residual's first size
_EXPONENTS = (1.5, 2.0, 2.5, 3.0, 3.5)
_CORNER = 0.04  # cycles a pixel, below which S is flat
_USABLE = 0.01  # |H|^2 above which a frequency tells something about S
_NOISE = 1.5  # what the filter takes for the noise, over what it is told
_MODEL_ERROR = 0.05  # of the root mean square of the gradient
_ROUNDING = 1e-4
_PIXELS = 2**17  # of the padded images that are worked on at a time: more no longer stay in a core's cache


def wiener(images: torch.Tensor, psf: Psf, noise_std: float = 0.0) -> torch.Tensor:
    """Estimate the clean images (N, C, H, W) from blurred ones, told their N PSFs and the noise.

    The power spectrum S(f) = a / (f^2 + 0.04^2)^(e/2) is fitted to each image by maximum likelihood (Whittle 1953) at
    the frequencies that the PSF passes, e from 1.5 to 3.5. The filter takes `noise_std` (0..1 scale) for 1.5 times what
    it is, and adds, in quadrature, 0.05 (1 - sum of psf^2) times the rms of the image's gradient: it stands for what
    the model has wrong and bounds the ringing where no noise was added. A delta without noise gives the image back.

    The constants are the best compromise on training images: 96 each of mnist-5k, digits, glyphs and photo-crops at 32
    pixels and 40 at 64, blurred with a Gaussian of sigma 1, 2, 3 (mirrored border), 2 (black border) and the move blur,
    each as floats and through a sensor with noise of 2/255 and 8-bit rounding.

    The inverse is approached by conjugate gradients, 12 steps at most; an image is left alone once its own residual has
    fallen to 2%, so its result does not depend on its batch.

    Returns:
        (N, C, H, W) of the images' type (half precision is computed in float32); values may leave [0, 1].

    Raises:
        UsageError: where the PSF is a `SigmaMap`, the images are not floating-point numbers (N, C, H, W), or one of
            their pixels is NaN or infinite, which would reach every other.
    """
    check_images(images)
    check_psfs(images, psf)
    check_finite(images, "Wiener deconvolution")
    if not 0 <= noise_std < float("inf"):
        raise UsageError(f"noise_std must be a number from 0 on, on the scale of 0..1, not {noise_std!r}")
    if images.dtype not in (torch.float32, torch.float64):
        return wiener(images.float(), psf, noise_std).to(images.dtype)
    if images.numel() == 0:
        return images.clone()
    weights = dense(psf).weights.to(images)
    restored = torch.empty_like(images)
    reach = _reach(weights)
    for half in sorted(set(reach.tolist())):
        # An image's domain follows from its own PSF, not from the widest of the batch.
        margin = weights.shape[-1] // 2 - half
        frame = _Frame.around(images, half)
        chunk = max(1, _PIXELS // (images.shape[1] * frame.rows * frame.columns))
        for some in torch.split((reach == half).nonzero()[:, 0], chunk):
            kernels = weights[some, margin : margin + 2 * half + 1, margin : margin + 2 * half + 1]
            restored[some] = _deconvolve(frame, images[some], kernels, noise_std)
    return restored


def _deconvolve(frame: _Frame, images: torch.Tensor, weights: torch.Tensor, noise_std: float) -> torch.Tensor:
    transfer = frame.transfer(weights)
    passed = _power(transfer)
    error = _model_error(images, weights)
    signal = _fit_power_law(frame.periodogram(images), passed, noise_std**2 + error, frame.frequency_squared())
    mean = images.mean((-1, -2), keepdim=True)
    whitened = _solve(frame, images - mean, signal * passed, (_NOISE * noise_std) ** 2 + error)
    restored = frame.filtered(whitened, signal * transfer.conj()) + mean
    # The steps stop short of it: an image that nothing was done to comes back exactly.
    centre = weights.shape[-1] // 2
    untouched = (weights[:, centre, centre] == 1.0) & (noise_std == 0.0)
    return torch.where(untouched[:, None, None, None], images, restored)


@dataclass(frozen=True)
class _Frame:
    """The visible height and width within a larger periodic domain, which holds all that the PSF brings in."""

    height: int
    width: int
    rows: int
    columns: int
    device: torch.device

    @classmethod
    def around(cls, images: torch.Tensor, half: int) -> _Frame:
        height, width = images.shape[-2:]
        return cls(height, width, fast_length(height + 2 * half), fast_length(width + 2 * half), images.device)

    def spectrum(self, x: torch.Tensor) -> torch.Tensor:
        spectrum: torch.Tensor = torch.fft.rfft2(x, s=(self.rows, self.columns))
        return spectrum

    def filtered(self, x: torch.Tensor, response: torch.Tensor) -> torch.Tensor:
        """`x` (N, C, height, width), black beyond the frame, times `response` in frequency; the visible part."""
        full: torch.Tensor = torch.fft.irfft2(self.spectrum(x) * response, s=(self.rows, self.columns))
        return full[..., : self.height, : self.width]

    def transfer(self, weights: torch.Tensor) -> torch.Tensor:
        """The PSFs' spectra (N, 1, rows, columns // 2 + 1), offset 0 at the first pixel."""
        half = weights.shape[-1] // 2
        kernel = weights.new_zeros(len(weights), self.rows, self.columns)
        kernel[:, : 2 * half + 1, : 2 * half + 1] = weights
        return self.spectrum(kernel.roll((-half, -half), dims=(1, 2)))[:, None]

    def frequency_squared(self) -> torch.Tensor:
        down: torch.Tensor = torch.fft.fftfreq(self.rows, device=self.device)
        across: torch.Tensor = torch.fft.rfftfreq(self.columns, device=self.device)
        return down.square()[:, None] + across.square()

    def periodogram(self, images: torch.Tensor) -> torch.Tensor:
        """Mean power of the channels (N, 1, rows, columns // 2 + 1), through a Hann window."""
        down = torch.hann_window(self.height + 2, periodic=False, device=self.device)[1:-1]
        across = torch.hann_window(self.width + 2, periodic=False, device=self.device)[1:-1]
        window = down[:, None] * across
        mean = (images * window).sum((-1, -2), keepdim=True) / window.sum()
        power = _power(self.spectrum((images - mean) * window))
        return power.mean(1, keepdim=True) / window.square().sum()

    def multiplicity(self) -> torch.Tensor:
        """How often each column of a half spectrum stands in the full one, (columns // 2 + 1,)."""
        twice = torch.full((self.columns // 2 + 1,), 2.0, device=self.device)
        twice[0] = twice[-1] = 1.0  # `columns` is even: the first and the last have no mirror image
        return twice


@dataclass(frozen=True, eq=False)
class _Separable:
    """The inverse of the covariance of pixels, as if it were diagonal in a basis of rows times columns.

    The bases are the eigenvectors of the covariance of pixels below each other and beside each other; the diagonal is
    the covariance's own in this basis (the nearest in Frobenius norm, after T. Chan 1988). Exact, border included,
    where the spectrum is a product of rows and columns, as it nearly is for a Gaussian.
    """

    down: torch.Tensor
    across: torch.Tensor
    diagonal: torch.Tensor

    @classmethod
    def near(cls, frame: _Frame, spectrum: torch.Tensor, noise: torch.Tensor) -> _Separable:
        """For visible pixels of the power `spectrum` (N, 1, rows, columns // 2 + 1) with white `noise`."""
        weighted = spectrum * frame.multiplicity()
        rows = torch.fft.ifft(weighted.sum(-1)).real[..., : frame.height]
        columns = torch.fft.irfft(spectrum.sum(-2), n=frame.columns)[..., : frame.width]
        down, across = torch.linalg.eigh(_toeplitz(rows))[1], torch.linalg.eigh(_toeplitz(columns))[1]
        power_down = _power(torch.fft.fft(down.mT, n=frame.rows))
        power_across = _power(torch.fft.rfft(across.mT, n=frame.columns))
        diagonal = power_down @ weighted @ power_across.mT / (frame.rows * frame.columns)
        return cls(down, across, diagonal + noise)

    def solve(self, x: torch.Tensor) -> torch.Tensor:
        return self.down @ (self.down.mT @ x @ self.across / self.diagonal) @ self.across.mT


def _solve(frame: _Frame, seen: torch.Tensor, spectrum: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """(V spectrum V' + noise)^-1 seen, by preconditioned conjugate gradients; (N, C, H, W)."""
    nearby = _Separable.near(frame, spectrum, noise)
    solution, residual = torch.zeros_like(seen), seen
    direction = step = nearby.solve(residual)
    size = _dot(residual, step)
    enough = _TOLERANCE**2 * size
    for _ in range(_STEPS):
        change = frame.filtered(direction, spectrum) + noise * direction
        length = torch.where(size > enough, size / _dot(direction, change), 0.0)
        solution, residual = solution + length * direction, residual - length * change
        step = nearby.solve(residual)
        size, before = _dot(residual, step), size
        if bool((size <= enough).all()):
            break
        direction = step + size / before.clamp_min(1e-30) * direction
    return solution


def _reach(weights: torch.Tensor) -> torch.Tensor:
    """The largest offset, down or across, at which each of the PSFs (N, k, k) has any light; int64 (N,)."""
    offset = torch.arange(weights.shape[-1], device=weights.device) - weights.shape[-1] // 2
    ring = torch.maximum(offset.abs()[:, None], offset.abs())
    # Composed PSFs carry the rounding of an FFT.
    return (ring * (weights.abs() > 1e-9)).flatten(1).amax(1)


def _model_error(images: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """The variance that is added to the noise's, (N, 1, 1, 1)."""
    slope = images.diff(dim=2).square().flatten(1).mean(1) + images.diff(dim=3).square().flatten(1).mean(1)
    spread = 1.0 - weights.square().sum((1, 2))
    return ((_MODEL_ERROR * spread) ** 2 * slope + _ROUNDING**2)[:, None, None, None]


def _fit_power_law(
    power: torch.Tensor, passed: torch.Tensor, noise: torch.Tensor, frequency_squared: torch.Tensor
) -> torch.Tensor:
    """S (N, 1, rows, columns // 2 + 1) whose S |H|^2 + noise is the likeliest to have given the periodogram."""
    usable = ((passed >= _cut(passed)) & (frequency_squared > 0)).to(power)
    passed = passed.clamp_min(1e-12)
    falling = (frequency_squared + _CORNER**2).log() / -2
    best, exponents, amplitudes = torch.full_like(noise, -torch.inf), torch.zeros_like(noise), torch.zeros_like(noise)
    for exponent in _EXPONENTS:
        shape = (exponent * falling).exp() * passed
        amplitude = _fit_amplitude(power, shape, noise, usable)
        expected = amplitude * shape + noise
        likelihood = -_total(expected.log() + power / expected, usable)
        exponents = torch.where(likelihood > best, exponent, exponents)
        amplitudes = torch.where(likelihood > best, amplitude, amplitudes)
        best = torch.maximum(best, likelihood)
    return amplitudes * (exponents * falling).exp()


def _fit_amplitude(power: torch.Tensor, shape: torch.Tensor, noise: torch.Tensor, usable: torch.Tensor) -> torch.Tensor:
    """Fisher scoring of a in power ~ a shape + noise, (N, 1, 1, 1)."""
    amplitude = _total(power / shape, usable) / usable.sum((-1, -2), keepdim=True)
    for _ in range(3):
        weight = (shape / (amplitude * shape + noise)).square()
        amplitude = _total(weight * (power - noise) / shape, usable) / _total(weight, usable)
        amplitude = amplitude.clamp_min(1e-12)
    return amplitude


def _cut(passed: torch.Tensor) -> torch.Tensor:
    """The least |H|^2 to use, (N, 1, 1, 1): lower where the PSF passes hardly anything but the mean."""
    rest = passed.flatten(1)[:, 1:].amax(1)
    return rest.clamp_max(_USABLE)[:, None, None, None]


def _total(x: torch.Tensor, usable: torch.Tensor) -> torch.Tensor:
    return (x * usable).sum((-1, -2), keepdim=True)


def _dot(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return (a * b).sum((-1, -2), keepdim=True)


def _power(spectrum: torch.Tensor) -> torch.Tensor:
    return torch.view_as_real(spectrum.resolve_conj()).square().sum(-1)


def _toeplitz(first: torch.Tensor) -> torch.Tensor:
    """Symmetric matrices (..., n, n) with the first rows (..., n)."""
    i = torch.arange(first.shape[-1], device=first.device)
    return first[..., (i[:, None] - i).abs()]
