"""sigma(c) = mean + swing sin(2 pi c / period), or a ramp, over the columns c: a lens in focus here and not there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Blur, Degraded, Padding, Pixels, Quantity, Range

if TYPE_CHECKING:
    import torch

    from blurbench.imaging.draws import Draws


@dataclass(frozen=True)
class VaryingGaussian(Blur):
    """Each output column is made with a Gaussian of its own, of 2 ceil(2 sigma) + 1 taps a side.

    `ramp` rises from `low` in the first column to `high` in the last; `sine` is (low + high) / 2 before the first
    column, c = 1, and swings between the two with `period`, by default 0.02 radians a column. `axis` y varies over the
    rows.
    """

    pattern: Literal["ramp", "sine"] = "ramp"
    low: Annotated[float, Pixels(0.05, 30)] = 0.1
    high: Annotated[float, Pixels(0.05, 30)] = 3.0
    period: Annotated[float, Pixels(2, 100_000)] = 100 * math.pi
    axis: Literal["x", "y"] = "x"
    padding: Padding = "zeros"

    family: ClassVar[str] = "gaussian"
    paper: ClassVar[str] = "Patro 2017, Blur kernel estimation using deep learning; the ramp's limits are assumed"

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low ({self.low:g}) must not be above high ({self.high:g})")

    def families(self) -> tuple[tuple[str, Mapping[str, Quantity]], ...]:
        """Gaussian, of these sigmas and this course."""
        sigma = Range(self.low, self.high) if self.low < self.high else self.low
        period = self.period if self.pattern == "sine" else 0.0
        return ((self.family, {"sigma": sigma, "period": period, "along y": self.axis == "y"}),)

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        """Blur `images` (N, C, H, W), all with the same map of sigma."""
        import torch

        from blurbench.contract import SigmaMap
        from blurbench.imaging.convolution import convolve
        from blurbench.imaging.precision import finest

        height, width = images.shape[-2:]
        profile = self.profile(width if self.axis == "x" else height)
        profile = profile.to(images.device, finest(images.device))
        sigma = (profile if self.axis == "x" else profile[:, None]).expand(len(images), height, width)
        psf = SigmaMap(sigma, torch.ceil(2 * sigma).long())
        return Degraded(convolve(images, psf, self.padding), psf, padding=self.padding)

    def profile(self, length: int) -> torch.Tensor:
        """Sigma in pixels, float64 (length,), along the axis."""
        import torch

        if self.pattern == "ramp":
            return torch.linspace(self.low, self.high, length, dtype=torch.float64)
        c = torch.arange(1, length + 1, dtype=torch.float64)
        return (self.low + self.high) / 2 + (self.high - self.low) / 2 * torch.sin(2 * math.pi * c / self.period)


@hookimpl
def register_blurs(register: Callable[[str, type[Blur]], None]) -> None:
    register("varying-gaussian", VaryingGaussian)
