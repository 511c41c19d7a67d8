"""The contract of classifiers: recipes for networks from images to logits."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from blurbench.contract.budget import Budget, Recipe
from blurbench.contract.plugin import Plugin
from blurbench.imaging.values import Shape

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Classifier", "PatchClassifier"]


class Classifier(Plugin):
    """A recipe for a network that maps images in [0, 1] to logits."""

    @property
    def is_given(self) -> bool:
        """Whether its network is somebody's own, fitted already: the baseline uses it as it is."""
        return False

    def has_weights(self, classes: int) -> bool:
        """Whether what `build` gives answers so many classes before anything is fitted."""
        return self.is_given

    def as_it_is(self) -> Classifier:
        """The same, whose weights that come with it the baseline does not fit; itself where they are somebody's own."""
        return self

    @abstractmethod
    def build(self, shape: Shape, classes: int) -> nn.Module:
        """An unfitted network, weights drawn from torch's current seed: images (N, C, H, W) to logits (N, classes)."""

    def prepare(self, module: nn.Module, images: torch.Tensor) -> None:
        """Set fitted input statistics (mean image, whitening) in `module`'s buffers from clean training images."""

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        """The layers with weights in order from the input, for first-N; a norm belongs to the unit before it."""
        raise NotImplementedError(f"{type(self).__name__} does not name its units")

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        """How to fit it from scratch or onwards from a clean one under this budget."""
        if purpose == "train":
            return Recipe(epochs=budget.epochs, learning_rate=2e-3)
        return Recipe(epochs=budget.finetune_epochs, learning_rate=1e-3)


class PatchClassifier(Classifier):
    """A classifier that cuts images into square patches, each a token. Its module also takes a mask of patches:
    `module(images, keep)` with `keep` bool (N, P), row by row; the tokens that are not kept are dropped."""

    @property
    @abstractmethod
    def patch(self) -> int:
        """The side of a patch in pixels."""
