"""Each image is degraded by one of several blurs, drawn with equal chances: to train against more than one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blurbench import hookimpl
from blurbench.contract import Blur, Degraded, Quantity, Ref

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class OneOf(Blur):
    """With `blur-augment` or `retrain`, a training blur of several kinds and severities. No PSF is handed on, since
    PSFs of different types do not go together; the noise is that of the noisiest."""

    blurs: tuple[Ref[Blur], ...]

    def __post_init__(self) -> None:
        if not self.blurs:
            raise ValueError("blurs needs at least one blur; 'none' is the blur that does nothing")

    def families(self) -> tuple[tuple[str, Mapping[str, Quantity]], ...]:
        """Those of all blurs."""
        return tuple(family for blur in self.blurs for family in blur.families())

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Degrade each image by its own blur."""
        import numpy as np

        from blurbench.imaging.received import check_degraded

        drawn = draws.integers("which", 0, len(self.blurs) - 1)
        degraded, noise = images.clone(), 0.0
        for position, blur in enumerate(self.blurs):
            rows = np.flatnonzero(drawn == position)
            if len(rows):
                some = images[rows]
                part = blur.degrade(some, draws.part(rows).at(position))
                check_degraded(f"blur {type(blur).__name__}", part, some)
                degraded[rows], noise = part.images, max(noise, part.noise_std)
        return Degraded(degraded, None, noise)


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("one-of", OneOf)
