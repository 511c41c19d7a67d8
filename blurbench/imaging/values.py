"""The values that imaging works on: images, point spread functions, degraded images. No torch at import time.

Images are float32 in [0, 1] with axes (N, C, H, W). Lengths are in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import torch

__all__ = [
    "Degraded",
    "DensePsf",
    "DiscPsf",
    "GaussianPsf",
    "ImageSet",
    "Padding",
    "Psf",
    "Shape",
    "SigmaMap",
    "TapsPsf",
    "psf_rows",
]

Padding: TypeAlias = Literal["reflect", "replicate", "zeros", "wrap"]
"""What lies beyond the border: mirrored without repeating the edge, the edge repeated, black, or the other side."""


@dataclass(frozen=True)
class Shape:
    """The size of one image: channels, rows, columns."""

    channels: int
    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.channels}x{self.height}x{self.width}"


@dataclass(frozen=True, eq=False)
class ImageSet:
    """A part of a data set on the device: `images` float32 (N, C, H, W), `labels` and `ids` int64 (N,).

    An id names an image within its part for good: the blur drawn for it depends on the id, never on the batch.
    `recorded`, as `images`: the blurred photographs that came with them, if any. Where memory does not hold them, both
    are `gathered.Gathered`: a batch of them is made when it is asked for.
    """

    images: torch.Tensor
    labels: torch.Tensor
    ids: torch.Tensor
    recorded: torch.Tensor | None = None
    split: str = ""
    """Which split of the data set they are a part of: train, validation or test."""

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, rows: slice | torch.Tensor) -> ImageSet:
        """Some of the images: a run of them, or those at positions int64 (n,)."""
        recorded = None if self.recorded is None else self.recorded[rows]
        return replace(self, images=self.images[rows], labels=self.labels[rows], ids=self.ids[rows], recorded=recorded)


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


def psf_rows(psf: Psf, rows: slice) -> Psf:
    """The PSFs of some of the images."""
    return replace(psf, **{name: value[rows] for name, value in vars(psf).items() if hasattr(value, "shape")})


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
        return replace(self, images=self.images[rows], psf=None if self.psf is None else psf_rows(self.psf, rows))
