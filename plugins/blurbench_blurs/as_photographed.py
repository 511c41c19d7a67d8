"""Really blurred pictures as they are, which data sets such as sharp-and-blurred bring beside their sharp ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Degraded, ImageSet
from blurbench.errors import Skip

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class AsPhotographed(Blur):
    """Nothing is computed, and no PSF is known. Other pictures than the sharp ones, so that nothing is compared with
    these image by image. For testing alone; skipped for data sets that have no such pictures."""

    family: ClassVar[str] = "as-photographed"
    photographed: ClassVar[bool] = True

    def degrade_set(self, images: ImageSet, draws: Draws) -> Degraded:
        """`images`, which are the blurred pictures themselves. Raises Skip for what is not tested on."""
        if images.split != "test":
            raise Skip("as-photographed is a test blur of data sets that bring blurred pictures, and nothing else")
        return Degraded(images.images, None)

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Raises Skip: a sharp picture has no blurred one."""
        raise Skip("as-photographed leaves blurred pictures as they are: it cannot be a step of a chain")


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("as-photographed", AsPhotographed)
