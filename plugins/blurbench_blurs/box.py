"""psf = 1 / side^2 on a square: every pixel becomes the mean of the pixels around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Count, Padding, Psf

if TYPE_CHECKING:
    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class Box(Blur):
    """The mean over a square of `side` pixels, an odd number."""

    side: Annotated[int, Count(1, 99)]
    padding: Padding = "reflect"

    family: ClassVar[str] = "box"

    def __post_init__(self) -> None:
        if self.side % 2 == 0:
            raise ValueError(f"side must be odd, so that the blur does not shift the image (got {self.side})")

    def psf(self, draws: Draws) -> Psf:
        """The same square for each image."""
        import numpy as np

        from blurbench.contract import DensePsf

        return DensePsf(draws.tensor(np.full((len(draws), self.side, self.side), self.side**-2)))


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("box", Box)
