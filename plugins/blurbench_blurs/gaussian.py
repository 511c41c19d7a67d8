"""psf(y, x) ~ exp(-(y^2 + x^2) / (2 sigma^2)): Gaussian blur, the usual stand-in for a lens out of focus.

Shen et al. 2022 have `sigma=1, size=9`, Kim et al. `sigma={low=1, high=2}, size=19`, Dicosola 2020
`sigma={choice=[1, 2, 3]}`; all three mirror the image at its border.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Count, Padding, Pixels, Psf, Quantity

if TYPE_CHECKING:
    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class Gaussian(Blur):
    """A sampled Gaussian of `size` taps a side, or cut at 4 sigma."""

    sigma: Annotated[Quantity, Pixels(0.05, 30)]
    size: Annotated[int, Count(1, 241)] | None = None
    padding: Padding = "reflect"

    family: ClassVar[str] = "gaussian"

    def __post_init__(self) -> None:
        if self.size is not None and self.size % 2 == 0:
            raise ValueError(f"size must be odd, so that the blur does not shift the image (got {self.size})")

    def psf(self, draws: Draws) -> Psf:
        """A Gaussian for each image, sigma drawn where it is a rule."""
        from blurbench.contract import GaussianPsf

        return GaussianPsf(draws("sigma", self.sigma), self.size)


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("gaussian", Gaussian)
