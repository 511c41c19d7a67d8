"""The image sizes and blurs at which machines are compared. They never change: a new one gets a new name."""

from __future__ import annotations

from dataclasses import dataclass

from blurbench.contract import Shape
from blurbench.errors import UnknownName

__all__ = ["CPU", "FAMILIES", "GPU", "SIZES", "Size", "chosen_families", "chosen_sizes"]


@dataclass(frozen=True)
class Size:
    """So many images of one shape, and the side of the kernels that they are blurred with, odd."""

    name: str
    images: int
    shape: Shape
    kernel: int

    @property
    def small(self) -> bool:
        """Whether images have 32 pixels a side or fewer, where other algorithms win than in large ones."""
        return self.shape.height <= 32

    def __str__(self) -> str:
        return f"{self.images}x{self.shape} k{self.kernel}"


SIZES = {
    size.name: size
    for size in (
        Size("M", 256, Shape(1, 28, 28), 9),
        Size("C", 256, Shape(3, 32, 32), 9),
        Size("I19", 16, Shape(3, 224, 224), 19),
        Size("I31", 16, Shape(3, 224, 224), 31),
        Size("HD", 2, Shape(3, 720, 1280), 31),
        # Enough work for any GPU: the same images, more of them.
        Size("M-many", 16384, Shape(1, 28, 28), 9),
        Size("C-many", 16384, Shape(3, 32, 32), 9),
        Size("I19-many", 256, Shape(3, 224, 224), 19),
        Size("I31-many", 256, Shape(3, 224, 224), 31),
        Size("HD-many", 16, Shape(3, 720, 1280), 31),
    )
}

CPU = ("M", "C", "I19", "I31", "HD")
GPU = tuple(SIZES)
"""The standard GPU matrix: the sizes of a CPU, where starting a kernel is what counts, and those that fill a GPU."""


def chosen_sizes(names: tuple[str, ...], device: str) -> tuple[Size, ...]:
    """The sizes of these names; without any, the standard ones of the device."""
    for name in names:
        if name not in SIZES:
            raise UnknownName("size", name, SIZES)
    return tuple(SIZES[name] for name in names or (GPU if device.startswith("cuda") else CPU))


FAMILIES = (
    "gaussian, sampled sigma",
    "gaussian, sigma 3",
    "diagonal line",
    "random walk",
    "disc, sampled",
    "disc, largest",
    "gaussian, varying",
)


def chosen_families(names: tuple[str, ...]) -> tuple[str, ...]:
    """The families that begin with one of `names`; without any, all."""
    for name in names:
        if not any(family.startswith(name) for family in FAMILIES):
            raise UnknownName("blur family", name, FAMILIES)
    return tuple(family for family in FAMILIES if not names or family.startswith(names))
