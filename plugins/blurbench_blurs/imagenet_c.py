"""The four blurs of ImageNet-C at its five severities, so that figures can stand beside the literature's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Blur, Count, Degraded, DensePsf, Psf, Quantity, Range, TapsPsf
from blurbench_blurs.gaussian import Gaussian
from blurbench_blurs.zoom import Zoom

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws

DEFOCUS = ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
"""Radius of the disc and sigma of the Gaussian that softens it, in pixels."""
GLASS = ((0.7, 1, 2), (0.9, 2, 1), (1.0, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
"""Sigma in pixels, the furthest move of a pixel, and how often all are moved."""
MOTION = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))
"""Radius, which makes 2 radius + 1 taps, and sigma of half a Gaussian, in pixels."""
ZOOM = ((1.11, 0.01), (1.15, 0.01), (1.2, 0.02), (1.24, 0.02), (1.3, 0.03))
"""Largest factor and step."""
_TURN = Range(-45, 45)  # degrees


@dataclass(frozen=True)
class ImagenetC(Blur):
    """Made for 224x224 pixels: on smaller images the same pixels are a stronger blur.

    Different from the published files: neither rounding to 8 bits between steps nor the JPEG of quality 85 at the end
    (`chain` with `jpeg` adds it); `defocus` sums to 1, where the published discs of radius 8 and 10 add 1.3 and
    1.1% of light; `motion` is the formula of ImageMagick 7 without its
    8 bits; `zoom` as `zoom` says. Random numbers are our own. As there, `glass` copies a neighbour where the paper says
    swap, since that is what the published programme's assignment does to colour images.
    """

    kind: Literal["defocus", "glass", "motion", "zoom"]
    severity: Annotated[int, Count(1, 5)]

    paper: ClassVar[str] = "Hendrycks and Dietterich 2019, and their programme make_imagenet_c"

    def families(self) -> tuple[tuple[str, Mapping[str, Quantity]], ...]:
        """The kind, at this severity."""
        return ((self.kind, {"severity of ImageNet-C": self.severity}),)

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Degrade; `defocus` and `motion` have a PSF."""
        from blurbench.imaging.convolution import convolve

        if self.kind == "zoom":
            return Zoom(*ZOOM[self.severity - 1]).degrade(images, draws)
        if self.kind == "glass":
            return _glass(images, draws, *GLASS[self.severity - 1])
        psf, padding = self.psf(draws), "reflect" if self.kind == "defocus" else "replicate"
        return Degraded(convolve(images, psf, padding), psf, padding=padding)  # type: ignore[arg-type]

    def psf(self, draws: Draws) -> Psf:
        """Of `defocus` and `motion`; the others have none."""
        if self.kind == "defocus":
            disc = draws.tensor(_disc(*DEFOCUS[self.severity - 1]).numpy())
            return DensePsf(disc.expand(len(draws), -1, -1))
        if self.kind == "motion":
            return _motion(draws, *MOTION[self.severity - 1])
        return super().psf(draws)


def _disc(radius: int, sigma: float) -> torch.Tensor:
    """Pixels whose centre lies in the disc, softened by a few taps of a Gaussian, (k, k)."""
    import torch
    from torch.nn import functional as F

    half, reach = (8, 1) if radius <= 8 else (radius, 2)
    place = torch.arange(-half, half + 1, dtype=torch.float64)
    disc = (place[:, None] ** 2 + place**2 <= radius**2).double()
    taps = torch.exp(-(torch.arange(-reach, reach + 1, dtype=torch.float64) ** 2) / (2 * sigma**2))
    padded = F.pad(disc[None, None], (reach,) * 4, mode="reflect")
    soft = F.conv2d(padded, (taps[:, None] * taps)[None, None])[0, 0]
    return soft / soft.sum()


def _motion(draws: Draws, radius: int, sigma: float) -> TapsPsf:
    """Half a Gaussian from the pixel itself in one direction: the image moves as well as blurs."""
    import torch

    from blurbench.imaging.precision import finest

    angle = torch.deg2rad(draws("angle", _TURN))[:, None]
    along = torch.arange(2 * radius + 1, dtype=finest(draws.device), device=draws.device)
    # A pixel is read at these offsets; its light comes from there, so the PSF's own point the other way.
    read = torch.stack([torch.ceil(along * angle.sin() - 0.5), torch.ceil(along * angle.cos() - 0.5)], -1)
    taps = torch.exp(-(along**2) / (2 * sigma**2))
    return TapsPsf(-read.long(), (taps / taps.sum()).expand(len(draws), -1))


def _glass(images: torch.Tensor, draws: Draws, sigma: float, furthest: int, times: int) -> Degraded:
    """Blur, put pixels in their neighbours' places, blur again."""
    import numpy as np
    import torch

    soft = Gaussian(sigma, padding="replicate")
    first = soft.degrade(images, draws).images
    height, width = images.shape[-2:]
    read = [_moved(draws.part(np.array([i])), height, width, furthest, times) for i in range(len(images))]
    places = torch.tensor(read, device=images.device)[:, None].expand(-1, images.shape[1], -1)
    moved = first.flatten(2).gather(2, places).view_as(images)
    return Degraded(soft.degrade(moved, draws).images.clamp(0, 1), None, padding="replicate")


def _moved(draws: Draws, height: int, width: int, furthest: int, times: int) -> list[int]:
    """Where each pixel of one image comes from: one pixel after the other, from the last to the first."""
    import numpy as np

    rows, columns = range(height - furthest, furthest, -1), range(width - furthest, furthest, -1)
    places = [row * width + column for row in rows for column in columns]
    came = list(range(height * width))
    for time in range(times):
        moves = draws.uniform(f"moves {time}", 2 * len(places))[0]
        down, across = (np.floor(2 * furthest * half) - furthest for half in moves.reshape(2, -1))
        for place, move in zip(places, (down * width + across).astype(int).tolist(), strict=True):
            came[place] = came[place + move]
    return came


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("imagenet-c", ImagenetC)
