"""A U-Net of double 3x3 convolutions whose full-size feature maps go into one linear layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, Recipe, Shape
from blurbench.errors import Skip

if TYPE_CHECKING:
    from torch import nn

    from blurbench_classifiers.networks.unet_classifier import UnetClassifier as Network


@dataclass(frozen=True)
class UnetClassifier(Classifier):
    """What the authors' accuracy programme fits, though the paper describes `cnn3`: 2,571,146 parameters for 28x28 grey
    images and 10 classes, and about 20 times the arithmetic of `cnn3`."""

    paper: ClassVar[str] = "Shen, Huang, Zhang 2022, the authors' programme"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench_classifiers.networks.unet_classifier import UnetClassifier as Network

        if min(shape.height, shape.width) < 4:
            raise Skip(f"two poolings leave nothing of images of {shape.height}x{shape.width}")
        return Network(shape, classes)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        network = cast("Network", module)
        return [*([step.convolution, step.norm] for step in network.steps()), [network.linear]]

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        epochs = budget.epochs if purpose == "train" else budget.finetune_epochs
        if budget.recipes == "paper":
            return Recipe(epochs, 1e-4, schedule="constant", patience=5)
        return Recipe(epochs, 2e-3 if purpose == "train" else 1e-3)


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("unet-classifier", UnetClassifier)
