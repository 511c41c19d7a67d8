"""restored = blurred + amount (blurred - gaussian(sigma) * blurred): the sharpening of every photo editor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Deconvolver, Knows, Limits, Pixels, Restorer

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class UnsharpMask(Restorer):
    """Adds what a Gaussian of `sigma` would take away, `amount` times; the same whatever the blur was."""

    sigma: Annotated[float, Pixels(0.05, 30)] = 1.0
    amount: Annotated[float, Limits(0, 10)] = 1.0

    knows: ClassVar[Knows] = "nothing"
    trainable: ClassVar[bool] = False

    def restore(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        """Sharpened images, clipped to [0, 1]."""
        from blurbench.contract import GaussianPsf
        from blurbench.imaging.convolution import convolve

        smooth = convolve(images, GaussianPsf(images.new_full((len(images),), self.sigma)), "replicate")
        return (images + self.amount * (images - smooth)).clamp(0, 1)


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("unsharp-mask", UnsharpMask)
