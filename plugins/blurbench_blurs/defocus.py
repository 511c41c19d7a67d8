"""psf = area of (pixel ∩ disc) / (pi r^2): a lens out of focus, by geometrical optics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Padding, Pixels, Psf, Quantity

if TYPE_CHECKING:
    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class Defocus(Blur):
    """A uniform disc of `radius`; up to half a pixel it lies within one pixel and changes nothing."""

    radius: Annotated[Quantity, Pixels(0, 30)]
    padding: Padding = "replicate"

    family: ClassVar[str] = "defocus"
    paper: ClassVar[str] = "Zhou, Song & Cheung 2017, defocus; the padding is not stated there"

    def psf(self, draws: Draws) -> Psf:
        """A disc for each image, its radius drawn where it is a rule."""
        from blurbench.contract import DiscPsf

        return DiscPsf(draws("radius", self.radius))


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("defocus", Defocus)
