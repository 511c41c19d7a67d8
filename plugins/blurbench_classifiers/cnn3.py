"""Three blocks of 5x5 convolution, batch norm, ReLU and max-pooling, then one linear layer.

`widths = [16, 32, 64]` needs a third of the time of the default.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, cast

import blurbench
from blurbench.errors import Skip
from blurbench.protocols import Classifier
from blurbench.types import Budget, Count, Recipe, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


@dataclass(frozen=True)
class Cnn3(Classifier):
    """A small network for small images, 8 pixels a side or more."""

    paper: ClassVar[str] = "Shen, Huang, Zhang 2022, sections 3.4 and 3.7.1"

    widths: Annotated[tuple[int, int, int], Count(1, 4096)] = (32, 64, 128)
    """Channels of the three blocks."""

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench_classifiers.networks import cnn3

        if min(shape.height, shape.width) < 8:
            raise Skip(f"cnn3 halves its images three times: {shape} is too small")
        return cnn3.Cnn3(shape, classes, self.widths)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        from blurbench_classifiers.networks import cnn3

        network = cast(cnn3.Cnn3, module)
        blocks = zip(network.convolutions, network.norms, strict=True)
        return [*([convolution, norm] for convolution, norm in blocks), [network.linear]]

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        epochs = budget.epochs if purpose == "train" else budget.finetune_epochs
        if budget.recipes == "paper":
            return Recipe(epochs=epochs, learning_rate=1e-4, batch_size=64, schedule="constant", patience=5)
        return Recipe(epochs=epochs, learning_rate=5e-3 if purpose == "train" else 2e-3, batch_size=64)


@blurbench.hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("cnn3", Cnn3)
