"""blurred = enlarge(reduce(image)): detail lost to a low resolution, as of a distant or cheap camera."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Blur, Degraded, Limits

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class Downscale(Blur):
    """Each side becomes round(side / factor) pixels, one at least, antialiased, and is enlarged again. It has no PSF:
    what a pixel becomes depends on where it lies between the few that are left."""

    factor: Annotated[float, Limits(1, 64)]
    method: Literal["bilinear", "bicubic"] = "bicubic"

    family: ClassVar[str] = "downscale"
    paper: ClassVar[str] = "Kim, low resolution, the third cause of blur; the interpolation is not stated there"

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Images of the same shape, in [0, 1]: bicubic interpolation overshoots, and is clipped."""
        from torch.nn import functional as F

        sides = list(images.shape[-2:])
        few = [max(1, round(side / self.factor)) for side in sides]
        if few == sides:
            return Degraded(images, None)
        small = F.interpolate(images, few, mode=self.method, antialias=True, align_corners=False)
        large = F.interpolate(small, sides, mode=self.method, align_corners=False)
        return Degraded(large.clamp(0, 1), None, padding="replicate")


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("downscale", Downscale)
