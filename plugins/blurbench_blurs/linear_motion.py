"""psf = 1/L along a straight line of length L: a camera that moves at a constant speed while the shutter is open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Degrees, Padding, Pixels, Psf, Quantity, Range

if TYPE_CHECKING:
    from blurbench.imaging.draws import Draws

_ANY_DIRECTION = Range(0, 180)


@dataclass(frozen=True)
class LinearMotion(Blur):
    """A line of `length` at `angle`, centred, its light shared bilinearly by the pixels around it (exactly).

    At 0 degrees it runs along the rows; the angle grows anticlockwise as the image is seen.
    """

    length: Annotated[Quantity, Pixels(0, 100)]
    angle: Annotated[Quantity, Degrees(-360, 360)] = _ANY_DIRECTION
    padding: Padding = "replicate"

    family: ClassVar[str] = "motion"

    def psf(self, draws: Draws) -> Psf:
        """A line for each image."""
        import torch

        from blurbench.imaging.splatting import nodes, splat

        angle = torch.deg2rad(draws("angle", self.angle))
        end = draws("length", self.length)[:, None] / 2 * torch.stack([-angle.sin(), angle.cos()], -1)
        return splat(*nodes(-end[:, None], end[:, None], torch.ones_like(end[:, :1])))


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("linear-motion", LinearMotion)
