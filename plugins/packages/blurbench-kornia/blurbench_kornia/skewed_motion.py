"""psf = a line of pixels whose weights rise evenly from end to end: the kernel of kornia's RandomMotionBlur."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Degrees, DensePsf, Limits, Padding, Pixels, Quantity, Range

if TYPE_CHECKING:
    from blurbench.imaging.draws import Draws

ANGLES, SKEWS = Range(0, 360), Range(-1, 1)


@dataclass(frozen=True)
class SkewedMotion(Blur):
    """The camera speeds up or slows down along a line while the shutter is open.

    kornia turns a row of `length` pixels to the nearest pixels, so at most angles the line has fewer or more of them.
    """

    length: Annotated[int, Pixels(3, 99)] = 9
    """Odd."""
    angle: Annotated[Quantity, Degrees(-360, 360)] = ANGLES
    """Anticlockwise; at 0 a skew of 1 puts the most light at the right."""
    skew: Annotated[Quantity, Limits(-1, 1)] = SKEWS
    """0 is an even line; at -1 and 1 the weights begin at nothing."""
    padding: Padding = "reflect"

    family: ClassVar[str] = "motion"

    def __post_init__(self) -> None:
        if self.length % 2 == 0:
            raise ValueError(f"length must be odd, not {self.length}")

    def psf(self, draws: Draws) -> DensePsf:
        """kornia's kernel for each image, turned by half: kornia correlates, and a PSF says where light goes."""
        from kornia.filters import get_motion_kernel2d

        kernels = get_motion_kernel2d(self.length, draws("angle", self.angle), draws("skew", self.skew))
        return DensePsf(kernels.flip(-2, -1))


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("skewed-motion", SkewedMotion)
