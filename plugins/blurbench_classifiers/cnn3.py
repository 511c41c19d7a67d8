"""Three blocks of 5x5 convolution, batch norm, ReLU and max-pooling, then one linear layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

from blurbench import hookimpl
from blurbench.contract import Budget, Classifier, Count, Recipe, Shape
from blurbench.errors import Skip

if TYPE_CHECKING:
    from torch import nn

    from blurbench_classifiers.networks.cnn3 import Cnn3 as Network


@dataclass(frozen=True)
class Cnn3(Classifier):
    """For images of 8 pixels a side or more. The widths of section 3.7.1; those of 3.4, 16, 32 and 64, take a third
    of the time."""

    paper: ClassVar[str] = "Shen, Huang, Zhang 2022, sections 3.4 and 3.7.1"

    widths: Annotated[tuple[int, int, int], Count(1, 4096)] = (32, 64, 128)
    """Channels of the three blocks."""

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench_classifiers.networks.cnn3 import Cnn3 as Network

        if min(shape.height, shape.width) < 8:
            raise Skip(f"three poolings leave nothing of images of {shape.height}x{shape.width}")
        return Network(shape, classes, self.widths)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        network = cast("Network", module)
        blocks = zip(network.convolutions, network.norms, strict=True)
        return [*([convolution, norm] for convolution, norm in blocks), [network.linear]]

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        epochs = budget.epochs if purpose == "train" else budget.finetune_epochs
        if budget.recipes == "paper":
            return Recipe(epochs, 1e-4, schedule="constant", patience=5)
        return Recipe(epochs, 5e-3 if purpose == "train" else 2e-3)


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("cnn3", Cnn3)
