"""rounded = round(255 clip(image, 0, 1)) / 255: what an 8-bit file keeps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Degraded, Quantity

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class Round8Bit(Blur):
    """Clips to [0, 1] and rounds to 256 levels; the error counts as white noise of 1 / (255 sqrt 12)."""

    family: ClassVar[str] = "sensor"

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Clip and round."""
        from blurbench.imaging.psf import delta

        rounded = images.clamp(0, 1).mul(255).round().div(255)
        return Degraded(rounded, delta(len(images), images.device), 1 / (255 * math.sqrt(12)))

    def families(self) -> tuple[tuple[str, Mapping[str, Quantity]], ...]:
        """The step between two levels, of 255, for it has no parameter to tell of it."""
        return ((self.family, {"rounding": 1.0}),)


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("round-8bit", Round8Bit)
