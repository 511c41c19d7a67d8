"""blurred = mean of the image and of its copies, enlarged about the centre: a camera that moves towards its subject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Degraded, Limits

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class Zoom(Blur):
    """Copies enlarged 1, 1 + step ... `largest` times, and the image once more, bilinear. It has no PSF: the blur grows
    from the centre outwards.

    The published programme enlarges a crop of whole pixels, whose centre is up to half a pixel off; ours is exact.
    """

    largest: Annotated[float, Limits(1, 4)]
    step: Annotated[float, Limits(0.001, 1)] = 0.01

    family: ClassVar[str] = "zoom"
    paper: ClassVar[str] = "Hendrycks and Dietterich 2019, zoom blur"

    def factors(self) -> list[float]:
        """How many times the copies are enlarged."""
        return [1 + i * self.step for i in range(int((self.largest - 1) / self.step + 1e-6) + 1)]

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Mean over the copies."""
        total = 2 * images  # the image itself and the copy of factor 1
        factors = self.factors()
        for factor in factors[1:]:
            total = total + _enlarged(images, factor)
        return Degraded(total / (len(factors) + 1), None, padding="replicate")


def _enlarged(images: torch.Tensor, factor: float) -> torch.Tensor:
    """The middle of images (N, C, H, W), `factor` times as large, same shape."""
    from torch.nn import functional as F

    shrink = images.new_tensor([[1 / factor, 0, 0], [0, 1 / factor, 0]]).expand(len(images), 2, 3)
    places = F.affine_grid(shrink, list(images.shape), align_corners=False)
    return F.grid_sample(images, places, mode="bilinear", padding_mode="border", align_corners=False)


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("zoom", Zoom)
