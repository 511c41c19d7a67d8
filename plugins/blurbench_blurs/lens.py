"""psf = |Fourier transform of pupil exp(2 pi i W)|^2, integrated over pixels: a lens with aberrations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Choice, Degraded, DensePsf, Limits, Padding, Psf, Quantity, Range
from blurbench.errors import Skip

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws

_TERMS = ("defocus", "astigmatism", "oblique_astigmatism", "coma_x", "coma_y", "spherical")


@dataclass(frozen=True)
class Lens(Blur):
    """Each aberration is a Zernike term with its root mean square over the pupil, in waves of the second wavelength:
    the same path, counted in the others, is more waves of blue and fewer of red.

    Without any the PSF is the Airy pattern, first dark ring at 1.22 wavelength f_number / pitch pixels. Positive coma
    points right (x) and down (y). Light further away than the steepest rays and four times wavelength f_number / pitch
    is left out, and the rest sums to 1. Colour images have no single PSF unless all wavelengths are equal, so
    deconvolvers skip them; grey ones are seen in the second wavelength.
    """

    defocus: Annotated[Quantity, Limits(-2, 2, "waves")] = 0.0
    astigmatism: Annotated[Quantity, Limits(-2, 2, "waves")] = 0.0
    """Along the rows and down the columns."""
    oblique_astigmatism: Annotated[Quantity, Limits(-2, 2, "waves")] = 0.0
    """Along the diagonals."""
    coma_x: Annotated[Quantity, Limits(-2, 2, "waves")] = 0.0
    coma_y: Annotated[Quantity, Limits(-2, 2, "waves")] = 0.0
    spherical: Annotated[Quantity, Limits(-2, 2, "waves")] = 0.0
    f_number: Annotated[float, Limits(0.5, 64)] = 2.8
    pitch: Annotated[float, Limits(0.2, 50, "micrometres")] = 2.0
    """From one pixel of the image to the next; of a reduced picture, that many times the sensor's."""
    wavelengths: Annotated[tuple[float, float, float], Limits(200, 2000, "nanometres")] = (620.0, 540.0, 460.0)
    """Of red, green and blue light; each channel sees one."""
    padding: Padding = "replicate"

    family: ClassVar[str] = "lens"
    paper: ClassVar[str] = "Noll 1976; as a benchmark OpticsBench, Müller et al. 2023, whose PSFs are not these"

    def psf(self, draws: Draws) -> Psf:
        """The PSFs in the second wavelength."""
        return self._psf(draws, self.wavelengths[1])

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Blur each channel with its own PSFs. Raises Skip for images that are neither grey nor RGB."""
        import torch

        from blurbench.imaging.convolution import convolve

        channels = images.shape[1]
        if channels not in (1, 3):
            raise Skip(f"a lens needs a wavelength a channel: grey or RGB images, not {channels} channels")
        if channels == 1 or len(set(self.wavelengths)) == 1:
            return super().degrade(images, draws)
        seen = [
            convolve(images[:, i : i + 1], self._psf(draws, length), self.padding)
            for i, length in enumerate(self.wavelengths)
        ]
        return Degraded(torch.cat(seen, 1), None, padding=self.padding)

    def _psf(self, draws: Draws, wavelength: float) -> DensePsf:
        """At `wavelength`; images with the same aberrations share one computation."""
        import torch

        from blurbench_blurs.wavefront import half_width, pixel_psf

        in_waves = self.wavelengths[1] / wavelength
        blur = wavelength / 1000 * self.f_number / self.pitch
        # From the parameters, not from what was drawn: an image's PSF does not depend on its neighbours in a batch.
        half = half_width(tuple(in_waves * _largest(getattr(self, term)) for term in _TERMS), blur)
        # On the processor: a device may have no float64, which the phases of a wave need.
        waves = torch.stack([draws(term, getattr(self, term)).cpu() for term in _TERMS], 1) * in_waves
        different, which = torch.unique(waves, dim=0, return_inverse=True)
        return DensePsf(draws.tensor(torch.stack([pixel_psf(row, blur, half) for row in different])[which].numpy()))


def _largest(quantity: Quantity) -> float:
    match quantity:
        case Range(low=low, high=high):
            return max(abs(low), abs(high))
        case Choice(choice=choice):
            return max(map(abs, choice))
        case number:
            return abs(number)


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("lens", Lens)
