"""psf = the light of a random walk of L steps of one pixel: a hand that trembles while the shutter is open."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Blur, Padding, Pixels, Psf, Quantity

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class RandomWalkMotion(Blur):
    """Each step of the walk goes in a direction of its own; a fractional `length` ends with a part of a step.

    `exposure`: equal `stamps` at the start and after every step (a part of a step leaves as much of a stamp), or light
    spread evenly along the `path`. `steps`: one pixel at any of all `angles`, or to one of the 8 neighbours on the
    `grid`. `centred` moves the centroid of the light to the centre; otherwise the walk starts there.
    """

    length: Annotated[Quantity, Pixels(0, 64)]
    exposure: Literal["stamps", "path"] = "stamps"
    steps: Literal["angles", "grid"] = "angles"
    centred: bool = True
    padding: Padding = "replicate"

    family: ClassVar[str] = "motion"
    paper: ClassVar[str] = "Zhou, Song & Cheung 2017, motion, after Hradiš et al. 2015; stamps and centring are assumed"

    def families(self) -> tuple[tuple[str, Mapping[str, Quantity]], ...]:
        """Motion, of this length and this kind of walk."""
        kind = {"path": self.exposure == "path", "grid": self.steps == "grid", "centred": self.centred}
        return ((self.family, {"length": self.length, **kind}),)

    def psf(self, draws: Draws) -> Psf:
        """A walk for each image, splatted bilinearly."""
        from blurbench.imaging.splatting import splat

        return splat(*self.light(draws))

    def light(self, draws: Draws) -> tuple[torch.Tensor, torch.Tensor]:
        """The walks before they fall on pixels: points (N, P, 2) and weights (N, P), which sum to 1."""
        import torch

        from blurbench.imaging.splatting import nodes

        length = draws("length", self.length)
        count = math.ceil(float(length.max()))
        # How much of each step is taken: 1, then the part that is left, then 0.
        taken = (length[:, None] - torch.arange(count, device=length.device)).clamp(0, 1)
        walk = torch.cumsum(taken[..., None] * self._directions(draws, count), 1)
        places = torch.cat([walk.new_zeros(len(walk), 1, 2), walk], 1)
        if self.exposure == "stamps":
            points, weights = places, torch.cat([torch.ones_like(length)[:, None], taken], 1)
        elif count == 0:
            points, weights = places, torch.ones_like(length)[:, None]
        else:
            # Where nothing is walked, all the light falls on the start.
            points, weights = nodes(places[:, :-1], places[:, 1:], taken + (length == 0)[:, None])
        weights = weights / weights.sum(1, keepdim=True)
        if self.centred:
            points = points - (weights[..., None] * points).sum(1, keepdim=True)
        return points, weights

    def _directions(self, draws: Draws, count: int) -> torch.Tensor:
        """(N, count, 2), rows and columns."""
        import torch

        turns = draws.tensor(draws.uniform("turns", count))
        if self.steps == "grid":
            turns = torch.floor(8 * turns) / 8
        directions = torch.stack([-(2 * math.pi * turns).sin(), (2 * math.pi * turns).cos()], -1)
        return directions.round() if self.steps == "grid" else directions


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("random-walk-motion", RandomWalkMotion)
