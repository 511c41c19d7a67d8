"""psf = 1/L on the diagonal of a box of a x b pixels, L = max(a, b): the "move blur" of Shen et al. 2022."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Count, Padding, Psf

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class DiagonalMotion(Blur):
    """For each image a and b are uniform on the pairs from 1..box with a + b >= box, and the diagonal rises or falls
    with equal chances. A side of n pixels covers p - floor(n / 2) onwards.

    The paper's text has a square box (`square` allows a = b only) and says nothing of where its centre lies; its code
    draws rectangles and centres the box, not the light. So the image moves: by half a pixel an axis where a side is
    even, and by up to 0.89 at box 9 where the cells of a slanted line round to one side (more than half a pixel in 28%
    of the draws, 0.90 at most in all). The paper notes that its restored images "may be displaced". `centred` moves the
    centroid of the light to the centre, each cell shared bilinearly by the four pixels around it: not as published.
    """

    box: Annotated[int, Count(1, 99)] = 9
    square: bool = False
    centred: bool = False
    padding: Padding = "zeros"

    family: ClassVar[str] = "motion"
    paper: ClassVar[str] = "Shen, Huang, Zhang & Xu 2022, move blur, as their code has it (there it follows a Gaussian)"

    def psf(self, draws: Draws) -> Psf:
        """A line of `box` taps at most for each image; where it is `centred`, four times as many."""
        from blurbench.contract import TapsPsf
        from blurbench.imaging.splatting import splat

        offsets, weights = self._line(draws)
        if not self.centred:
            return TapsPsf(draws.tensor(offsets), draws.tensor(weights))
        centroid = (weights[..., None] * offsets).sum(1, keepdims=True)
        return splat(draws.tensor(offsets - centroid), draws.tensor(weights))

    def _line(self, draws: Draws) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The cells as published: offsets (N, box, 2) and weights (N, box), 0 where unused."""
        import numpy as np

        pairs = np.array(self._boxes())
        a, b = pairs[draws.integers("box", 0, len(pairs) - 1)].T[:, :, None]
        mirrored = draws.integers("mirror", 0, 1)[:, None] == 1
        j, length = np.arange(self.box), np.maximum(a, b)
        rows = a * j // length
        rows = np.where(mirrored, a - 1 - rows, rows) - a // 2
        columns = b * j // length - b // 2
        used = j < length
        return np.stack([rows, columns], axis=-1) * used[..., None], np.where(used, 1.0 / length, 0.0)

    def _boxes(self) -> list[tuple[int, int]]:
        sides = range(1, self.box + 1)
        return [(a, b) for a in sides for b in sides if a + b >= self.box and (a == b or not self.square)]


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("diagonal-motion", DiagonalMotion)
