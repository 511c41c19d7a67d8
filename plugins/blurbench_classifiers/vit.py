"""A small vision transformer, fitted from scratch: square patches become tokens, which can be left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, cast

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, Count, PatchClassifier, Pixels, Recipe, Shape
from blurbench.errors import Skip

if TYPE_CHECKING:
    import torch
    from torch import nn

    from blurbench_classifiers.networks.vit import Vit as Network


@dataclass(frozen=True)
class Vit(PatchClassifier):
    """455,000 parameters for 28x28 images; standardises images by the clean training images' mean and deviation."""

    patch: Annotated[int, Pixels(1, 64)] = 4
    width: Annotated[int, Count(4, 4096)] = 96
    """Numbers in a token: a multiple of 4 and of `heads`."""
    depth: Annotated[int, Count(1, 48)] = 4
    heads: Annotated[int, Count(1, 64)] = 3

    def __post_init__(self) -> None:
        if self.width % 4 or self.width % self.heads:
            raise ValueError(f"width ({self.width}) must be a multiple of 4 and of heads ({self.heads})")

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench_classifiers.networks.vit import Vit as Network

        if shape.height % self.patch or shape.width % self.patch:
            raise Skip(f"patches of {self.patch} pixels do not tile images of {shape.height}x{shape.width}")
        return Network(shape, classes, self.patch, self.width, self.depth, self.heads)

    def prepare(self, module: nn.Module, images: torch.Tensor) -> None:
        from blurbench_classifiers.networks.colours import take_colours

        network = cast("Network", module)
        take_colours(images, network.mean, network.deviation)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        network = cast("Network", module)
        *blocks, last = network.blocks
        return [[network.patch_embed], *([block] for block in blocks), [last, network.norm], [network.head]]

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        if purpose == "finetune":
            return Recipe(budget.finetune_epochs, 1e-3, batch_size=32, optimizer="adamw", weight_decay=0.1)
        # A third more epochs than the budget says: transformers learn later than convolutions.
        epochs = budget.epochs + budget.epochs // 3
        return Recipe(epochs, 4e-3, batch_size=32, optimizer="adamw", weight_decay=0.1)


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("vit", Vit)
