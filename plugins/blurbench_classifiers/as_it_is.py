"""A published network with the weights that come with it, which nothing fits: as-it-is[classifier=timm[model=resnet50,
pretrained=true]]. By itself such a network is where fitting starts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, Recipe, Ref, Shape
from blurbench.errors import Skip

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class AsItIs(Classifier):
    """The baseline is the network itself; remedies that fit a classifier fit on from its weights."""

    classifier: Ref[Classifier]

    @property
    def is_given(self) -> bool:
        return True

    def has_weights(self, classes: int) -> bool:
        return self.classifier.has_weights(classes)

    def build(self, shape: Shape, classes: int) -> nn.Module:
        """Raises Skip where it has no weights for so many classes."""
        if not self.has_weights(classes):
            raise Skip(
                f"{type(self.classifier).__name__.lower()} has no weights that answer {classes} classes: where a data "
                "set lacks some, name all in the network's order (data set with-classes; diagnose --classes)"
            )
        return self.classifier.build(shape, classes)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        return self.classifier.units(module)

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        return self.classifier.recipe(purpose, budget)


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("as-it-is", AsItIs)
