"""psf = 1/L on the diagonal of a box of a x b pixels, L = max(a, b): the "move blur" of Shen et al. 2022."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Count, Padding, Psf

if TYPE_CHECKING:
    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class DiagonalMotion(Blur):
    """For each image a and b are uniform on the pairs from 1..box with a + b >= box, and the diagonal rises or falls
    with equal chances. A side of n pixels covers p - floor(n / 2) onwards, so even sides shift by half a pixel.

    `square` allows a = b only: what the paper's text says, while its code draws rectangles.
    """

    box: Annotated[int, Count(1, 99)] = 9
    square: bool = False
    padding: Padding = "zeros"

    family: ClassVar[str] = "motion"
    paper: ClassVar[str] = "Shen, Huang, Zhang & Xu 2022, move blur, as their code has it (there it follows a Gaussian)"

    def psf(self, draws: Draws) -> Psf:
        """A line of `box` taps at most for each image."""
        import numpy as np

        from blurbench.contract import TapsPsf

        pairs = np.array(self._boxes())
        a, b = pairs[draws.integers("box", 0, len(pairs) - 1)].T[:, :, None]
        mirrored = draws.integers("mirror", 0, 1)[:, None] == 1
        j, length = np.arange(self.box), np.maximum(a, b)
        rows = a * j // length
        rows = np.where(mirrored, a - 1 - rows, rows) - a // 2
        columns = b * j // length - b // 2
        used = j < length
        offsets = np.stack([rows, columns], axis=-1) * used[..., None]
        return TapsPsf(draws.there(offsets), draws.there(np.where(used, 1.0 / length, 0.0)))

    def _boxes(self) -> list[tuple[int, int]]:
        sides = range(1, self.box + 1)
        return [(a, b) for a in sides for b in sides if a + b >= self.box and (a == b or not self.square)]


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("diagonal-motion", DiagonalMotion)
