"""Two blocks of 5x5 convolution, ReLU and max-pooling, then one linear layer; no norms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, Recipe, Shape
from blurbench.errors import Skip

if TYPE_CHECKING:
    from torch import nn

    from blurbench_classifiers.networks.cnn2 import Cnn2 as Network


@dataclass(frozen=True)
class Cnn2(Classifier):
    """The small network of the authors' first programmes: 28,938 parameters for 28x28 grey images and 10 classes."""

    paper: ClassVar[str] = "Shen, Huang, Zhang 2022, the authors' programme"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench_classifiers.networks.cnn2 import Cnn2 as Network

        if min(shape.height, shape.width) < 4:
            raise Skip(f"two poolings leave nothing of images of {shape.height}x{shape.width}")
        return Network(shape, classes)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        network = cast("Network", module)
        return [[network.conv1], [network.conv2], [network.linear]]

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        epochs = budget.epochs if purpose == "train" else budget.finetune_epochs
        if budget.recipes == "paper":
            return Recipe(epochs, 1e-4, schedule="constant", patience=5)
        return Recipe(epochs, 5e-3 if purpose == "train" else 2e-3)


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("cnn2", Cnn2)
