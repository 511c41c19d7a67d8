"""Training patches: squares of pictures blurred as a whole with each of some sigmas and rounded to 8 bits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch

from blurbench.contract import GaussianPsf, Padding
from blurbench.imaging.convolution import convolve, pad

__all__ = ["Patches"]


@dataclass(frozen=True, eq=False)
class Patches:
    """All squares of a grid on each picture at each sigma, numbered; they are made when they are asked for.

    `pictures` is (N, 1, H, W) in [0, 1], `sigmas` in pixels (K,); a Gaussian has 2 ceil(2 sigma) + 1 taps a side.
    `noise` of 255 is the largest standard deviation of the white noise that is added before rounding, a patch's own
    being uniform between 0 and it.
    """

    pictures: torch.Tensor
    sigmas: tuple[float, ...]
    window: int
    padding: Padding = "replicate"
    noise: float = 0.0

    def __len__(self) -> int:
        return len(self.sigmas) * self.squares

    @property
    def squares(self) -> int:
        """Of all pictures together."""
        pictures, rows, columns = self._views.shape[:3]
        return pictures * rows * columns

    @property
    def margin(self) -> int:
        """What the widest Gaussian brings in from outside a square."""
        return math.ceil(2 * max(self.sigmas))

    @cached_property
    def _views(self) -> torch.Tensor:
        """Each square with a margin, (N, rows, columns, side, side); a view."""
        padded = pad(self.pictures, self.margin, self.padding)[:, 0]
        side = self.window + 2 * self.margin
        return padded.unfold(1, side, self.window).unfold(2, side, self.window)

    def cut(self, numbers: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """The patches of these numbers, float32 (M, 1, window, window) in [0, 1], and their classes, int64 (M,)."""
        classes, square = numbers // self.squares, numbers % self.squares
        _, rows, columns = self._views.shape[:3]
        clean = self._views[square // (rows * columns), square // columns % rows, square % columns][:, None]
        patches = clean.new_empty(len(clean), 1, self.window, self.window)
        for which in sorted(set(classes.tolist())):
            patches[classes == which] = self._blurred(clean[classes == which], self.sigmas[which])
        return self._rounded(patches, generator), classes.to(patches.device)

    def _blurred(self, clean: torch.Tensor, sigma: float) -> torch.Tensor:
        psf = GaussianPsf(clean.new_full((len(clean),), sigma), 2 * math.ceil(2 * sigma) + 1)
        inside = slice(self.margin, self.margin + self.window)
        return convolve(clean, psf, "zeros")[..., inside, inside]

    def _rounded(self, patches: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        if self.noise:
            std = torch.rand(len(patches), 1, 1, 1, generator=generator) * self.noise / 255
            patches = patches + (torch.randn(patches.shape, generator=generator) * std).to(patches)
        return patches.mul(255).round_().clamp_(0, 255).div_(255)
