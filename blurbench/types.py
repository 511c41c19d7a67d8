"""The values that plugins and the framework hand to each other. No torch at import time.

Images are float32 in [0, 1] with axes (N, C, H, W) wherever they are tensors, and uint8 with the same axes where a
data set hands them over. Lengths are in pixels, angles in degrees, noise in 1/255 unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

__all__ = [
    "Budget",
    "Choice",
    "Count",
    "Degraded",
    "Degrees",
    "DensePsf",
    "DiscPsf",
    "Exposure",
    "Fraction",
    "GaussianPsf",
    "ImageSet",
    "Levels",
    "Limits",
    "Output",
    "Padding",
    "Pixels",
    "PositiveInt",
    "Psf",
    "Quantity",
    "Range",
    "Recipe",
    "Shape",
    "SigmaMap",
    "Split",
    "Splits",
    "TapsPsf",
]

Exposure: TypeAlias = Literal["clean", "seen", "unseen severity", "unseen family"]
"""Whether the blur of a test was met when the remedy was fitted."""

Padding: TypeAlias = Literal["reflect", "replicate", "zeros", "wrap"]
"""What lies beyond the border: mirrored without repeating the edge, the edge repeated, black, or the other side."""


# --- parameters of plugins -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Range:
    """A value drawn for each image, uniform on [low, high]."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")


@dataclass(frozen=True)
class Choice:
    """A value drawn for each image, with equal chances for all listed values."""

    choice: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.choice:
            raise ValueError("choice needs at least one value")


Quantity: TypeAlias = float | Range | Choice
"""A number, or a rule by which a number is drawn for each image: `2`, `{low=1, high=2}`, `{choice=[1, 2, 3]}`."""


@dataclass(frozen=True)
class Limits:
    """The unit of a parameter and the range that it must lie in (both ends allowed)."""

    low: float
    high: float
    unit: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any) -> Any:
        for number in _numbers(value):
            if not self.low <= number <= self.high:
                unit = f" {self.unit}" if self.unit else ""
                raise PydanticCustomError(
                    "out_of_range", f"must lie between {self.low:g} and {self.high:g}{unit}, not {number:g}"
                )
        return value


def _numbers(value: Any) -> tuple[float, ...]:
    match value:
        case None:
            return ()
        case Range(low=low, high=high):
            return (low, high)
        case Choice(choice=choice):
            return choice
        case tuple():
            return value
        case _:
            return (value,)


class Pixels(Limits):
    """A length in pixels."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high, "pixels")


class Degrees(Limits):
    """An angle in degrees."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high, "degrees")


class Levels(Limits):
    """A brightness on the 0..255 scale."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high, "of 255")


class Fraction(Limits):
    """A share between 0 and 1."""

    def __init__(self, low: float = 0.0, high: float = 1.0) -> None:
        super().__init__(low, high, "")


class Count(Limits):
    """A number of things."""

    def __init__(self, low: int, high: int = 1_000_000) -> None:
        super().__init__(low, high, "")


# --- images --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """The size of one image: channels, rows, columns."""

    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.channels}x{self.height}x{self.width}"


@dataclass(frozen=True, eq=False)
class Split:
    """Decoded images of one part of a data set: `images` uint8 (N, C, H, W), `labels` int64 (N,).

    `recorded`, as `images`, where the data set holds a blurred photograph of each.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    recorded: NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Splits:
    """A whole data set. The three parts share no image."""

    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A part of a data set on the device: `images` float32 (N, C, H, W), `labels` and `ids` int64 (N,).

    An id names an image within its part for good: the blur drawn for it depends on the id, never on the batch.
    `recorded`, as `images`: the blurred photographs that came with them, if any.
    """

    images: torch.Tensor
    labels: torch.Tensor
    ids: torch.Tensor
    recorded: torch.Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, rows: slice) -> ImageSet:
        """Some of the images."""
        recorded = None if self.recorded is None else self.recorded[rows]
        return ImageSet(self.images[rows], self.labels[rows], self.ids[rows], recorded)


# --- point spread functions ----------------------------------------------------------------------------------------
# Every PSF holds N of them, one an image. An offset is where the light goes: a bright point at p is seen at p + offset
# (a true convolution). The type tells `imaging.convolution` which algorithm fits.


@dataclass(frozen=True, eq=False)
class GaussianPsf:
    """Sampled, normalised Gaussians: `sigma` (N,) in pixels; `size` taps a side, or cut at 4 sigma where None."""

    sigma: torch.Tensor
    size: int | None = None


@dataclass(frozen=True, eq=False)
class TapsPsf:
    """A few bright pixels: `offsets` int64 (N, T, 2) rows and columns, `weights` float64 (N, T), 0 where unused."""

    offsets: torch.Tensor
    weights: torch.Tensor


@dataclass(frozen=True, eq=False)
class DiscPsf:
    """Uniform discs, a pixel weighted by the area that the disc covers: `radius` (N,) in pixels."""

    radius: torch.Tensor


@dataclass(frozen=True, eq=False)
class DensePsf:
    """Any PSF as an image: `weights` float64 (N, k, k), k odd, the centre pixel is offset 0."""

    weights: torch.Tensor


@dataclass(frozen=True, eq=False)
class SigmaMap:
    """A Gaussian whose width changes over the image: `sigma` (N, H, W) in pixels, read at the output pixel; cut at
    `radius` int64 (N, H, W) pixels, or at 4 sigma where None."""

    sigma: torch.Tensor
    radius: torch.Tensor | None = None


Psf: TypeAlias = GaussianPsf | TapsPsf | DiscPsf | DensePsf | SigmaMap


@dataclass(frozen=True, eq=False)
class Degraded:
    """Blurred images and what is known about how they came about.

    `psf` is None where no PSF describes the degradation. `noise_std` is the standard deviation of white noise that was
    added after the blur, on the 0..1 scale (rounding to 8 bits counts as 1 / (255 sqrt 12)).
    """

    images: torch.Tensor
    psf: Psf | None
    noise_std: float = 0.0
    padding: Padding = "reflect"

    def part(self, rows: slice) -> Degraded:
        """Some of the images, each with its PSF."""
        psf = self.psf
        if psf is not None:
            values = {item.name: getattr(psf, item.name) for item in fields(psf)}
            psf = replace(psf, **{name: value[rows] for name, value in values.items() if hasattr(value, "shape")})
        return replace(self, images=self.images[rows], psf=psf)


@dataclass(frozen=True, eq=False)
class Output:
    """What a predictor says of N images: `logits` (N, K), the images after restoration if there was one, and
    per-image observations by name, each (N,), such as the share of masked patches."""

    logits: torch.Tensor
    restored: torch.Tensor | None = None
    observations: Mapping[str, torch.Tensor] = field(default_factory=dict)


PositiveInt: TypeAlias = Annotated[int, Count(1)]


# --- how much data and training ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recipe:
    """How a network is fitted. `learning_rate` is the peak for `one-cycle` and the constant value otherwise."""

    epochs: Annotated[int, Count(1)]
    learning_rate: Annotated[float, Limits(0, 100)] = 1e-3
    batch_size: Annotated[int, Count(1)] = 64
    optimizer: Literal["adam", "sgd", "adamw", "adagrad"] = "adam"
    schedule: Literal["one-cycle", "constant"] = "one-cycle"
    weight_decay: Annotated[float, Limits(0, 1)] = 0.0
    patience: Annotated[int, Count(1)] | None = None
    """Epochs without a better validation loss after which fitting stops and the best state is kept; None: run all."""


@dataclass(frozen=True)
class Budget:
    """How much data and training a run gets. Everything but the name and the time limit is part of every key."""

    name: str
    train_images: Annotated[int, Count(1)] | None = None
    validation_images: Annotated[int, Count(1)] | None = None
    test_images: Annotated[int, Count(1)] | None = None
    epochs: Annotated[int, Count(1)] = 6
    finetune_epochs: Annotated[int, Count(1)] = 3
    restorer_epochs: Annotated[int, Count(1)] = 8
    recipes: Literal["fast", "paper"] = "fast"
    """`fast`: one-cycle Adam over the epochs above; `paper`: each plugin's own published recipe."""
    minutes_per_job: Annotated[float, Limits(0.001, 10_000)] = 10.0

    def key(self) -> dict[str, Any]:
        """The part that can change results."""
        return {
            item.name: getattr(self, item.name) for item in fields(self) if item.name not in ("name", "minutes_per_job")
        }
