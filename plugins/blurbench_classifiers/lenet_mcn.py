"""MatConvNet's LeNet for MNIST: two convolutions with pooling but no ReLU, a third with the only ReLU, a fourth to say
which class.

network(255 * image - mean image of the clean training images)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, Recipe, Shape
from blurbench.errors import Skip

if TYPE_CHECKING:
    import torch
    from torch import nn

    from blurbench_classifiers.networks.lenet_mcn import LenetMcn as Network


@dataclass(frozen=True)
class LenetMcn(Classifier):
    """431,080 parameters for 28x28 grey images and 10 classes. The third kernel covers what is left of other sizes."""

    paper: ClassVar[str] = "Zhou, Song, Cheung 2017, section 3 (MatConvNet's mnist example)"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench_classifiers.networks.lenet_mcn import LenetMcn as Network

        if min(shape.height, shape.width) < 16:
            raise Skip(f"two convolutions and poolings leave nothing of images of {shape.height}x{shape.width}")
        return Network(shape, classes)

    def prepare(self, module: nn.Module, images: torch.Tensor) -> None:
        cast("Network", module).mean.copy_(255 * images.mean(dim=0))

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        return [[layer] for layer in cast("Network", module).convolutions]

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        training = purpose == "train"
        epochs = budget.epochs if training else budget.finetune_epochs
        if budget.recipes == "paper":
            return Recipe(epochs, 1e-3 if training else 1e-5, 100, "sgd", "constant", weight_decay=5e-4)
        return Recipe(epochs, 1e-3 if training else 3e-4, batch_size=32)


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("lenet-mcn", LenetMcn)
