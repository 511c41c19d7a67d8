"""restored = mean of the pixels around, weighted by gaussian(distance / sigma) gaussian(difference / contrast)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Deconvolver, Knows, Levels, Pixels, Restorer

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Bilateral(Restorer):
    """Smooths noise and keeps edges: pixels that are near and alike are averaged."""

    size: Annotated[int, Pixels(3, 31)] = 5
    """Side of the window; odd."""
    sigma: Annotated[float, Pixels(0.1, 30)] = 1.5
    """How far away pixels count."""
    contrast: Annotated[float, Levels(0.1, 255)] = 25.0
    """How far in colour pixels count, all channels together."""

    knows: ClassVar[Knows] = "nothing"
    trainable: ClassVar[bool] = False
    paper: ClassVar[str] = "Tomasi and Manduchi 1998, Bilateral filtering for gray and color images"

    def __post_init__(self) -> None:
        if self.size % 2 == 0:
            raise ValueError(f"size must be odd, not {self.size}")

    def restore(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        from kornia.filters import bilateral_blur

        near, alike = (self.sigma, self.sigma), self.contrast / 255
        restored: torch.Tensor = bilateral_blur(images, self.size, alike, near, "replicate", color_distance_type="l2")
        return restored


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("bilateral", Bilateral)
