"""restored = network(blurred), network and weights somebody's own: whatever spandrel knows to build from a file.

spandrel[weights=NAFNet-GoPro-width32.pth]
spandrel[weights=~/networks/motion_deblurring.safetensors, tile=768, overlap=96]

The architecture and its sizes are read off the names and shapes of the weights. Nothing is fitted; the file's content
is part of every key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Deconvolver, Knows, Pixels, Restorer, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn

GRID = 16
"""Tiles start at multiples of it, so that networks that halve the picture up to four times see the pixels that they
would see in the whole picture."""


@dataclass(frozen=True)
class Spandrel(Restorer):
    """A pretrained restoration network (NAFNet, SwinIR, DRUNet, Restormer ...) from its file of weights, as it is."""

    weights: Path
    """safetensors, or a state dict that `torch.load(weights_only=True)` reads."""
    tile: Annotated[int, Pixels(64, 16384)] = 512
    """Larger pictures are cut into squares of this side."""
    overlap: Annotated[int, Pixels(0, 4096)] = 64
    """Of neighbouring tiles. A third of it at either border is context, across the middle third they are blended: what
    a network says of a pixel from no further than a third of it is the same with and without tiles."""

    knows: ClassVar[Knows] = "nothing"
    trainable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.tile % GRID or self.overlap % GRID:
            raise ValueError(f"tile and overlap must be multiples of {GRID}, not {self.tile} and {self.overlap}")
        if 2 * self.overlap > self.tile:
            raise ValueError(f"overlap ({self.overlap}) must be no more than half of tile ({self.tile})")

    def files(self) -> tuple[Path, ...]:
        return (self.weights.expanduser(),)

    def load(self, shape: Shape) -> nn.Module:
        """The network with its weights, on the CPU. Raises Unavailable where there is no file, UsageError where it is
        none of a network of scale 1 that spandrel knows, Skip where its channels cannot be the images'."""
        from blurbench_spandrel.network import load

        return load(self.weights.expanduser(), shape.channels)

    def restore(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        """Restored images within [0, 1]."""
        from blurbench_spandrel.tiles import tiled

        network = self.load(Shape(*images.shape[1:])).to(images.device) if module is None else module
        return tiled(network, images, self.tile, self.overlap, GRID)


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("spandrel", Spandrel)
