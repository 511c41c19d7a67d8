"""Several degradations, one after the other: lens, shake, then sensor."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blurbench import hookimpl
from blurbench.contract import Blur, Degraded, Psf, Quantity, Ref, SigmaMap

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


MOST_STEPS = 50


@dataclass(frozen=True)
class Chain(Blur):
    """Applies `steps` in order; each draws its own numbers, by its position.

    What is known afterwards: the PSF is the composition of the steps' PSFs (exact away from the border), the padding is
    that of the last step that blurs, the noise adds up in quadrature. No PSF is known where a step has none, where
    noise is blurred by a later step and so is no longer white, or where a map of sigma meets another blur.
    """

    steps: tuple[Ref[Blur], ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise ValueError("steps needs at least one blur; 'none' is the blur that does nothing")
        if len(self.steps) > MOST_STEPS:
            raise ValueError(f"steps: {len(self.steps)} are too many, the most are {MOST_STEPS}")

    def families(self) -> tuple[tuple[str, Mapping[str, Quantity]], ...]:
        """Those of all steps, in order."""
        return tuple(family for blur in self.steps for family in blur.families())

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Degrade step by step."""
        from blurbench.imaging.psf import delta
        from blurbench.imaging.received import check_degraded

        known = Degraded(images, delta(len(images), images.device))
        for position, blur in enumerate(self.steps):
            step = blur.degrade(known.images, draws.at(position))
            check_degraded(f"blur {type(blur).__name__}", step, known.images)
            known = _after(known, step)
        return known


def _after(before: Degraded, step: Degraded) -> Degraded:
    """What is known of the images after `step`, given what was known before it."""
    from blurbench.imaging.psf import is_delta

    blurs = step.psf is None or not is_delta(step.psf)
    return Degraded(
        step.images,
        None if blurs and before.noise_std else _composed(before.psf, step.psf),
        math.hypot(before.noise_std, step.noise_std),
        step.padding if blurs else before.padding,
    )


def _composed(first: Psf | None, second: Psf | None) -> Psf | None:
    from blurbench.imaging.psf import compose, is_delta

    if first is None or second is None:
        return None
    if isinstance(first, SigmaMap) or isinstance(second, SigmaMap):
        return first if is_delta(second) else second if is_delta(first) else None
    return compose(first, second)


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("chain", Chain)
