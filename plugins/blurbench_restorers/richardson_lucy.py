"""x <- x / H'1 * H'(blurred / H x): Richardson-Lucy deconvolution, told the PSF.

H blurs and crops to the visible frame, H' spreads back what was seen. What lies beyond the border is estimated too:
H'1, the blurred mask of the frame, says how much of each pixel's light is seen (Bertero and Boccacci 2005).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Count, Deconvolver, DensePsf, Psf, Restorer, SigmaMap
from blurbench.errors import Skip

if TYPE_CHECKING:
    import torch

_DARK = 1e-4  # well below the rounding of an 8-bit file; keeps the ratio finite
_HIDDEN = 0.01  # of its light; a pixel of which less is seen stays as it began


@dataclass(frozen=True)
class RichardsonLucy(Deconvolver):
    """Starts from each image's mean and takes at most `iterations` steps.

    Every further step fits the noise a little better, too, so an image is left alone once its residual has fallen to
    the noise (Morozov's discrepancy principle).
    """

    iterations: Annotated[int, Count(1, 10_000)] = 30

    paper: ClassVar[str] = "Richardson 1972, Lucy 1974; borders after Bertero & Boccacci 2005"

    def deconvolve(self, images: torch.Tensor, psf: Psf, noise_std: float) -> torch.Tensor:
        """Restored images in [0, 1]. Skips maps of sigma."""
        import torch

        from blurbench.imaging.psf import dense

        if isinstance(psf, SigmaMap):
            raise Skip("Richardson-Lucy deconvolution needs one PSF for the whole image")
        view = _View(dense(psf))
        seen = images.clamp_min(0)
        share = view.spread(torch.ones_like(seen))
        estimate = seen.mean((-1, -2), keepdim=True).clamp_min(_DARK).expand(share.shape)
        for _ in range(self.iterations):
            expected = view.see(estimate)
            unfinished = (expected - seen).square().mean((1, 2, 3), keepdim=True) > noise_std**2
            if not bool(unfinished.any()):
                break
            change = view.spread(seen / expected.clamp_min(_DARK)).clamp_min(0) / share.clamp_min(_HIDDEN)
            estimate = torch.where(unfinished & (share > _HIDDEN), estimate * change, estimate)
        return view.visible(estimate).clamp_max(1)


@dataclass(frozen=True)
class _View:
    """From the scene, wider than the frame by the PSF's half-width, to what is seen of it, and back."""

    psf: DensePsf

    @property
    def half(self) -> int:
        return self.psf.weights.shape[-1] // 2

    def visible(self, scene: torch.Tensor) -> torch.Tensor:
        height, width = scene.shape[-2:]
        return scene[..., self.half : height - self.half, self.half : width - self.half]

    def see(self, scene: torch.Tensor) -> torch.Tensor:
        from blurbench.imaging.convolution import convolve

        return self.visible(convolve(scene, self.psf, "zeros"))

    def spread(self, seen: torch.Tensor) -> torch.Tensor:
        from blurbench.imaging.convolution import convolve, pad

        return convolve(pad(seen, self.half, "zeros"), DensePsf(self.psf.weights.flip(-2, -1)), "zeros")


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("richardson-lucy", RichardsonLucy)
