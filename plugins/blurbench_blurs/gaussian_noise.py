"""noisy = image + N(0, std^2), independent for each pixel and channel: the sensor's noise, not clipped."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Choice, Degraded, Levels, Quantity, Range

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class GaussianNoise(Blur):
    """White noise of standard deviation `std`, drawn for each image where it is a rule."""

    std: Annotated[Quantity, Levels(0, 255)]

    family: ClassVar[str] = "sensor"

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Add the noise. `noise_std` is the root mean square over what `std` can be, whatever was drawn."""
        from blurbench.imaging.psf import delta

        std = draws("std", self.std).to(images)[:, None, None, None] / 255
        noise = draws.tensor(draws.normal("noise", images[0].numel())).to(images)
        return Degraded(
            images + std * noise.view_as(images), delta(len(images), images.device), self._root_mean_square() / 255
        )

    def _root_mean_square(self) -> float:
        match self.std:
            case Range(low=low, high=high):
                return math.sqrt((low**2 + low * high + high**2) / 3)
            case Choice(choice=choice):
                return math.sqrt(sum(value**2 for value in choice) / len(choice))
            case number:
                return number


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("gaussian-noise", GaussianNoise)
