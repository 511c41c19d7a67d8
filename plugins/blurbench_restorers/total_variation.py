"""restored = argmin TV(x) such that |blurred - psf * x| is no more than the noise: deconvolution, told the PSF.

TV(x), the isotropic total variation, is the sum over pixels of the gradient's length, all channels together. Instead of
a weight to be chosen there is the noise that is known (the constraint of Rudin, Osher and Fatemi 1992). What lies
beyond the border is unknown and estimated too, so nothing is assumed about how the blur was padded (Almeida and
Figueiredo 2013). Solved by ADMM, each step exact (C-SALSA, Afonso, Bioucas-Dias and Figueiredo 2011):

    x     least squares of  u = psf * x  and  v = gradient x     in Fourier space
    u     the nearest point that is within the noise of the blurred image where that is seen, free elsewhere
    v     shrunk: what is shorter than a threshold becomes 0
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Count, Deconvolver, Psf, Restorer, SigmaMap
from blurbench.errors import Skip

if TYPE_CHECKING:
    import torch

_ROUNDING = 1 / (255 * math.sqrt(12))  # the noise of 8 bits: without any, nothing would bound what is amplified
_SHRINK = 0.03  # the threshold of v; with _BALANCE it sets the pace alone, not where it ends
_BALANCE = 0.05  # what an error of v weighs beside one of u


@dataclass(frozen=True)
class TotalVariation(Deconvolver):
    """After 150 iterations photographs are within 1.6 of 255 (root of the mean square) of where 1,000 end."""

    iterations: Annotated[int, Count(1, 10_000)] = 150

    paper: ClassVar[str] = "Rudin, Osher, Fatemi 1992; Afonso et al. 2011; borders after Almeida & Figueiredo 2013"

    def deconvolve(self, images: torch.Tensor, psf: Psf, noise_std: float) -> torch.Tensor:
        """Restored images, clipped to [0, 1]. `noise_std` below the rounding of 8 bits counts as that. Skips maps."""
        import torch

        from blurbench.imaging.psf import dense

        if isinstance(psf, SigmaMap):
            raise Skip("total-variation deconvolution needs one PSF for the whole image")
        weights = dense(psf).weights.to(images)
        restored, reach = torch.empty_like(images), _reach(weights)
        for half in sorted(set(reach.tolist())):
            # An image's domain follows from its own PSF, not from the widest of the batch.
            same, margin = reach == half, weights.shape[-1] // 2 - half
            kernels = weights[same, margin : margin + 2 * half + 1, margin : margin + 2 * half + 1]
            restored[same] = self._restored(images[same], kernels, noise_std)
        return restored

    def _restored(self, images: torch.Tensor, weights: torch.Tensor, noise_std: float) -> torch.Tensor:
        import torch

        scene = _Scene.around(images, weights)
        allowed = max(noise_std, _ROUNDING) * math.sqrt(images[0].numel())
        x = scene.started(images)
        u, v = scene.blur(x), scene.gradient(x)
        owed_u, owed_v = torch.zeros_like(u), torch.zeros_like(v)
        for _ in range(self.iterations):
            x = scene.solve(u - owed_u, v - owed_v)
            blurred, slope = scene.blur(x) + owed_u, scene.gradient(x) + owed_v
            u, v = scene.within(blurred, images, allowed), scene.shrunk(slope)
            owed_u, owed_v = blurred - u, slope - v
        return scene.visible(x).clamp(0, 1)


def _reach(weights: torch.Tensor) -> torch.Tensor:
    """The largest offset, down or across, at which each of the PSFs (N, k, k) has any light; int64 (N,)."""
    import torch

    offset = (torch.arange(weights.shape[-1], device=weights.device) - weights.shape[-1] // 2).abs()
    ring = torch.maximum(offset[:, None], offset)
    return (ring * (weights.abs() > 1e-9)).flatten(1).amax(1)  # composed PSFs carry the rounding of an FFT


@dataclass(frozen=True, eq=False)
class _Scene:
    """A periodic domain, wider than the frame by the PSF's half-width at least; differences around it do not count."""

    height: int
    width: int
    half: int
    transfer: torch.Tensor
    """The PSFs' spectra (N, 1, rows, columns // 2 + 1)."""
    slopes: torch.Tensor
    """The spectra of the differences to the next row and to the next column, (2, rows, columns // 2 + 1)."""
    rows: int
    columns: int

    @classmethod
    def around(cls, images: torch.Tensor, weights: torch.Tensor) -> _Scene:
        import torch

        height, width = images.shape[-2:]
        side = weights.shape[-1]
        half = side // 2
        rows, columns = height + 2 * half, width + 2 * half
        kernels = weights.new_zeros(len(weights), 1, rows, columns)
        kernels[:, 0, :side, :side] = weights
        differences = weights.new_zeros(2, rows, columns)
        differences[:, 0, 0] = -1
        differences[0, -1, 0] = differences[1, 0, -1] = 1
        transfer = torch.fft.rfft2(kernels.roll((-half, -half), (-2, -1)))
        return cls(height, width, half, transfer, torch.fft.rfft2(differences), rows, columns)

    def started(self, images: torch.Tensor) -> torch.Tensor:
        from torch.nn import functional as F

        return F.pad(images, (self.half,) * 4, mode="replicate")

    def visible(self, x: torch.Tensor) -> torch.Tensor:
        return x[..., self.half : self.half + self.height, self.half : self.half + self.width]

    def blur(self, x: torch.Tensor) -> torch.Tensor:
        import torch

        return self._image(torch.fft.rfft2(x) * self.transfer)

    def gradient(self, x: torch.Tensor) -> torch.Tensor:
        """(2, N, C, rows, columns)."""
        import torch

        return torch.stack([x.roll(-1, -2) - x, x.roll(-1, -1) - x])

    def solve(self, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """argmin over x of |psf * x - u|^2 + balance |gradient x - v|^2."""
        import torch

        seen = self.transfer.conj() * torch.fft.rfft2(u)
        slopes = self.slopes[:, None, None].conj() * torch.fft.rfft2(v)
        return self._image((seen + _BALANCE * slopes.sum(0)) / self._power)

    @cached_property
    def _power(self) -> torch.Tensor:
        """What `solve` divides by, (N, 1, rows, columns // 2 + 1)."""
        return self.transfer.abs().square() + _BALANCE * self.slopes.abs().square().sum(0)

    def within(self, blurred: torch.Tensor, images: torch.Tensor, allowed: float) -> torch.Tensor:
        """`blurred`, its visible part brought within `allowed` of `images`, root of the sum of squares an image."""
        off = self.visible(blurred) - images
        length = off.square().sum((1, 2, 3), keepdim=True).sqrt()
        nearest = blurred.clone()
        self.visible(nearest).copy_(images + off * (allowed / length.clamp_min(1e-12)).clamp_max(1))
        return nearest

    def shrunk(self, slope: torch.Tensor) -> torch.Tensor:
        """`slope` less the threshold in length; differences around the domain stay as they are."""
        inner = slope.clone()
        inner[0, ..., -1, :] = inner[1, ..., -1] = 0
        length = inner.square().sum((0, 2), keepdim=True).sqrt()
        return slope - inner * (_SHRINK / length.clamp_min(1e-12)).clamp_max(1)

    def _image(self, spectrum: torch.Tensor) -> torch.Tensor:
        import torch

        image: torch.Tensor = torch.fft.irfft2(spectrum, s=(self.rows, self.columns))
        return image


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("total-variation", TotalVariation)
