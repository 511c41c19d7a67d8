"""The contract of estimators, which read a blur's parameters off images."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from blurbench.contract.budget import Budget, Recipe
from blurbench.contract.plugin import Plugin
from blurbench.imaging.values import ImageSet

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Estimator", "EstimatorJob"]


@dataclass(frozen=True, eq=False)
class EstimatorJob:
    """What fitting an estimator may use: clean pictures, which it blurs itself with sigmas that it draws."""

    train: ImageSet
    validation: ImageSet | None
    """Other pictures; None where a share of the training patches is to validate (the leaky split of the paper)."""
    budget: Budget
    seed: int


class Estimator(Plugin):
    """Reads the width of a Gaussian blur off an image, in pixels.

    Images are float32 (N, C, H, W) in [0, 1], grey or colour, at least `window` pixels a side.
    """

    trainable: ClassVar[bool] = False
    """True where there is something to fit, so that an artifact is made."""

    window: int = 32
    """The side in pixels of the square that one reading rests on."""

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the largest sigma that it can answer."""
        return (0.0, math.inf)

    @property
    def answers(self) -> tuple[float, ...] | None:
        """All values that it can answer, rising, or None where it can answer any within `limits`."""
        return None

    def constant(self) -> float | None:
        """The one sigma that it answers whatever it sees, if that is what it does."""
        return None

    def fitted_as(self) -> Estimator:
        """The estimator that is fitted for it: itself, or one that differs in how its network is read alone."""
        return self

    def build(self) -> nn.Module | None:
        """An unfitted network, or None where there is nothing to fit."""
        return None

    def recipe(self, budget: Budget) -> Recipe:
        """How `fit` trains under this budget."""
        return Recipe(epochs=budget.epochs)

    def windows_seen(self, budget: Budget) -> int | None:
        """How many windows `fit` trains on, epochs included, from which `blurbench plan` tells how long it takes; None:
        not known before."""
        return None

    def fit(self, module: nn.Module, job: EstimatorJob) -> Mapping[str, Any]:
        """Fit `module` in place; return JSON notes (epochs run, losses)."""
        raise NotImplementedError(f"{type(self).__name__} is trainable, so it must give fit()")

    @abstractmethod
    def estimate(self, images: torch.Tensor, module: nn.Module | None = None) -> torch.Tensor:
        """One sigma an image, float32 (N,), finite and within `limits`. `module` is what was fitted, in eval mode."""

    def sigma_map(self, images: torch.Tensor, module: nn.Module | None = None, stride: int = 1) -> torch.Tensor:
        """One sigma a window, float32 (N, h, w), h = (H - window) // stride + 1: entry (i, j) is the reading of the
        window whose first pixel is (i stride, j stride); it stands for the sigma at its centre, `window // 2` pixels
        further down and right. Default: `estimate` of each window.
        """
        from blurbench.imaging.received import check_shape
        from blurbench.imaging.windows import by_windows

        def read(windows: torch.Tensor) -> torch.Tensor:
            sigma = self.estimate(windows, module)
            check_shape(f"estimator {type(self).__name__}", "sigma", sigma, (len(windows),))
            return sigma

        return by_windows(read, images, self.window, stride)
