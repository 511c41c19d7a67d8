"""The contract of restorers, which see the blurred image alone, and of deconvolvers, which are given the true PSF."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from blurbench.contract.budget import Budget, Recipe
from blurbench.contract.plugin import Control, Knows, Plugin
from blurbench.imaging.values import Degraded, ImageSet, Psf, Shape

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["AnyRestorer", "Deconvolver", "Restorer", "RestorerJob"]


@dataclass(frozen=True, eq=False)
class RestorerJob:
    """What fitting a restorer may use: clean images, and a blur to apply to them."""

    train: ImageSet
    validation: ImageSet
    blur: Callable[[ImageSet, int], Degraded]
    """`blur(image_set, epoch)`: freshly drawn for each epoch; ids must be a part of train's or validation's."""
    budget: Budget
    seed: int


class Restorer(Plugin):
    """Gives back an estimate of the clean image from the blurred one alone."""

    knows: ClassVar[Knows] = "training blur"

    trainable: ClassVar[bool] = True
    """False where there is nothing to fit, so that no artifact is made: no network at all, or one from `load`."""

    def control(self) -> Control:
        """What its rows are controls for: others are held against them."""
        return ""

    def told_sigma(self) -> float | None:
        """The one sigma that it deblurs every image with, if that is what it does."""
        return None

    def fitted_as(self) -> Restorer:
        """The restorer that is fitted for it: itself, or one that differs in how the network is used alone."""
        return self

    def build(self, shape: Shape) -> nn.Module | None:
        """An unfitted network for images of `shape`, or None where there is nothing to fit."""
        return None

    def load(self, shape: Shape) -> nn.Module | None:
        """The network of a restorer that is not fitted because its weights exist already: name their files in `files`.

        It is asked for once, frozen and handed to `restore`, and counts in the row's parameters. Nothing random may
        come from outside: whatever is drawn on the way must leave torch's generators as they were.
        """
        return None

    def recipe(self, budget: Budget) -> Recipe:
        """How `fit` trains under this budget."""
        return Recipe(epochs=budget.restorer_epochs, learning_rate=2e-3)

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        """Fit `module` in place; return JSON notes (epochs run, losses). What most give, the mean squared error, is
        `return blurbench.training.fit_restorer(module, job, self.recipe(job.budget))`."""
        raise NotImplementedError(f"{type(self).__name__} is trainable, so it must give fit()")

    def restore(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        """Restored images, same shape; values may leave [0, 1]. Default: what the network of build or load gives."""
        if module is None:
            raise NotImplementedError(f"{type(self).__name__} gives no build(), no load() and no restore()")
        restored: torch.Tensor = module(images)
        return restored


class Deconvolver(Plugin):
    """Gives back an estimate of the clean image, told the true PSF: an oracle."""

    knows: ClassVar[Knows] = "true PSF"

    trainable: ClassVar[bool] = False
    """A deconvolver is never fitted."""

    def control(self) -> Control:
        """As a restorer's."""
        return ""

    def told_sigma(self) -> None:
        """It is told the true PSF of each image."""

    @abstractmethod
    def deconvolve(self, images: torch.Tensor, psf: Psf, noise_std: float) -> torch.Tensor:
        """Restored images, same shape. `noise_std` is on the 0..1 scale; 0 means none was added."""


AnyRestorer: TypeAlias = Restorer | Deconvolver
