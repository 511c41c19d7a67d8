"""restored = argmin |psf * x - blurred|^2 / noise^2 + |x|^2 / S, the Wiener filter, told the PSF."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from blurbench import hookimpl
from blurbench.contract import Control, Deconvolver, Psf, Restorer, SigmaMap
from blurbench.errors import Skip

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Wiener(Deconvolver):
    """Fits the spectrum S to each image; nothing to set. See `blurbench.imaging.fourier.wiener` for the rule."""

    revision: ClassVar[int] = 2
    paper: ClassVar[str] = "Wiener 1949; borders after Reeves 2005, spectrum after Whittle 1953"

    def control(self) -> Control:
        """No other linear filter does better, so it shows what the true PSF is worth."""
        return "right PSF"

    def deconvolve(self, images: torch.Tensor, psf: Psf, noise_std: float) -> torch.Tensor:
        """Restored images, clipped to [0, 1], which brings every pixel nearer to the clean one. Skips maps of sigma."""
        from blurbench.imaging.fourier import wiener

        if isinstance(psf, SigmaMap):
            raise Skip("a Wiener filter needs one PSF for the whole image")
        return wiener(images, psf, noise_std).clamp(0, 1)


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("wiener", Wiener)
