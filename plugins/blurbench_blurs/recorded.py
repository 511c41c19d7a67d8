"""The blur that a camera recorded: data sets of pairs bring a blurred photograph of each sharp one."""

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
class Recorded(Blur):
    """Nothing is computed, and no PSF is known. Skipped for data sets without such pairs, as step of a chain, and for
    restorers that turn or flip their training images, which the recorded photographs do not follow."""

    paper: ClassVar[str] = "pairs as in GoPro (Nah, Kim, Lee 2017) and REDS (Nah et al. 2019)"
    family: ClassVar[str] = "recorded"

    def degrade_set(self, images: ImageSet, draws: Draws) -> Degraded:
        """The recorded photographs of `images`. Raises Skip where there are none."""
        if images.recorded is None:
            raise Skip(
                "there is no recorded blurred photograph of these images: use a data set of pairs such as "
                "paired-images, and restorers without augmentation"
            )
        return Degraded(images.recorded, None)

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Raises Skip: pairs cannot be found from pixels."""
        raise Skip("recorded blur belongs to its photographs: it cannot be a step of a chain")


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("recorded", Recorded)
