"""The residual network that He et al. made for CIFAR-10: 6n + 2 layers, which keep small images at their size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, Count, Recipe, Shape
from blurbench.errors import Skip

if TYPE_CHECKING:
    import torch
    from torch import nn

    from blurbench_classifiers.networks.resnet_cifar import ResnetCifar as Network

AUGMENT: Literal["flip-crop"] = "flip-crop"
"""As the paper does: mirrored or not, and moved by up to four pixels of 32."""


@dataclass(frozen=True)
class ResnetCifar(Classifier):
    """269,722 parameters at depth 20, for colour images and ten classes. Images are mirrored and moved in fitting, and
    standardised by the mean and deviation of the clean training images.

    Recipe `paper` holds the rate of 0.1 constant, where the paper goes down twice by ten.
    """

    paper: ClassVar[str] = "He, Zhang, Ren, Sun 2016, Deep residual learning, section 4.2"

    depth: Annotated[int, Count(8, 1202)] = 20
    """Layers: 8, 14, 20, 26, ..."""
    width: Annotated[int, Count(1, 64)] = 1
    """Times 16, 32 and 64 channels."""

    def __post_init__(self) -> None:
        if self.depth % 6 != 2:
            raise ValueError(f"depth must be 6n + 2, as 8, 14 or 20, not {self.depth}")

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench_classifiers.networks.resnet_cifar import ResnetCifar as Network

        if min(shape.height, shape.width) < 4:
            raise Skip(f"two halvings leave nothing of images of {shape.height}x{shape.width}")
        return Network(shape, classes, self.depth, self.width)

    def prepare(self, module: nn.Module, images: torch.Tensor) -> None:
        from blurbench_classifiers.networks.colours import take_colours

        network = cast("Network", module)
        take_colours(images, network.mean, network.deviation)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        network = cast("Network", module)
        return [*network.convolutions(), [network.linear]]

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        training = purpose == "train"
        epochs = budget.epochs if training else budget.finetune_epochs
        if budget.recipes == "paper":
            rate = 0.1 if training else 0.001
            return Recipe(epochs, rate, 128, "sgd", "constant", weight_decay=1e-4, augment=AUGMENT)
        return Recipe(epochs, 0.05 if training else 0.005, 64, "sgd", weight_decay=5e-4, augment=AUGMENT)


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("resnet-cifar", ResnetCifar)
