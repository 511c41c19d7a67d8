"""psf = the light along a random path with inertia: a camera that is held in the hand while the shutter is open."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Fraction, Padding, Pixels, Psf, Quantity

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from blurbench.imaging.draws import Draws

_STEPS = 1999  # the paper's path has 2000 points; what happens in a step is scaled to them
_PATHS = 256  # drawn at a time: each takes 700 kB until it has become a PSF


@dataclass(frozen=True)
class CameraShake(Blur):
    """A path of `length` at constant speed. In each step its direction is jolted, pulled back to the start and, rarely,
    thrown about; `anxiety` scales all three, and with 0 the path is straight. How strong each is differs from image to
    image.

    Splatted bilinearly, equal light at every point, the centroid at the centre. The paper's noise, exposures below the
    whole path and lengths in other pixels are left to other blurs and parameters.
    """

    length: Annotated[Quantity, Pixels(0, 100)]
    anxiety: Annotated[Quantity, Fraction()] = 0.005
    padding: Padding = "replicate"

    family: ClassVar[str] = "motion"
    paper: ClassVar[str] = "Boracchi and Foi 2012, Modeling the performance of image restoration from motion blur"

    def psf(self, draws: Draws) -> Psf:
        """A path for each image."""
        import numpy as np
        import torch
        from torch.nn.functional import pad

        from blurbench.contract import DensePsf

        rows = np.arange(len(draws))
        few = [self._splatted(draws.part(rows[start : start + _PATHS])) for start in range(0, len(rows), _PATHS)]
        side = max(weights.shape[-1] for weights in few)
        return DensePsf(torch.cat([pad(weights, [(side - weights.shape[-1]) // 2] * 4) for weights in few]))

    def _splatted(self, draws: Draws) -> torch.Tensor:
        """PSFs (N, k, k)."""
        from blurbench.imaging.splatting import splat

        points = self.path(draws)
        return splat(points, points.new_full(points.shape[:2], 1 / points.shape[1])).weights

    def path(self, draws: Draws) -> torch.Tensor:
        """Points (N, 2000, 2), rows and columns in pixels from their mean."""
        import numpy as np

        length, anxiety = draws("length", self.length).cpu().numpy(), draws("anxiety", self.anxiety).cpu().numpy()
        pull = 0.7 * draws.uniform("pull")[:, 0]
        thrown, jolts = _thrown(draws, anxiety), _jolts(draws)
        direction = np.exp(2j * math.pi * draws.uniform("first direction")[:, 0])
        places = np.zeros((len(draws), _STEPS + 1), dtype=np.complex128)
        for step in range(_STEPS):
            change = thrown[:, step] * direction + anxiety * (jolts[:, step] - pull * places[:, step])
            direction = direction + change
            direction /= np.abs(direction)
            places[:, step + 1] = places[:, step] + direction * length / _STEPS
        places -= places.mean(1, keepdims=True)
        return draws.tensor(np.stack([places.imag, places.real], -1))


def _thrown(draws: Draws, anxiety: NDArray[np.float64]) -> NDArray[np.complex128]:
    """What is added to the direction (N, steps), in units of it: twice its length about backwards, or nothing."""
    import numpy as np

    often = 0.2 * draws.uniform("often thrown") * anxiety[:, None]
    angle = math.pi + draws.uniform("thrown to", _STEPS) - 0.5
    change: NDArray[np.complex128] = 2 * np.exp(1j * angle) * (draws.uniform("thrown", _STEPS) < often)
    return change


def _jolts(draws: Draws) -> NDArray[np.complex128]:
    """Complex (N, steps), normal in each direction with a standard deviation of the image's own, up to 10."""
    strength = 10 * draws.uniform("jolt strength")
    jolts: NDArray[np.complex128] = draws.normal("jolts", 2 * _STEPS).view("complex128")
    return strength * jolts


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("camera-shake", CameraShake)
