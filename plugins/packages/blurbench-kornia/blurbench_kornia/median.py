"""restored = median of the pixels around, each channel by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Deconvolver, Knows, Pixels, Restorer

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Median(Restorer):
    """Takes single bright or dark pixels away and keeps edges."""

    size: Annotated[int, Pixels(3, 31)] = 3
    """Side of the window; odd."""

    knows: ClassVar[Knows] = "nothing"
    trainable: ClassVar[bool] = False
    paper: ClassVar[str] = "Tukey 1977, Exploratory Data Analysis"

    def __post_init__(self) -> None:
        if self.size % 2 == 0:
            raise ValueError(f"size must be odd, not {self.size}")

    def restore(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        from kornia.filters import median_blur
        from torch.nn import functional as F

        half = self.size // 2  # kornia 0.8 pads with black, whatever is asked for
        wide = F.pad(images, (half,) * 4, mode="replicate")
        restored: torch.Tensor = median_blur(wide, self.size)
        return restored[..., half:-half, half:-half]


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("median", Median)
