"""Three blocks of 5x5 convolution, norm, ReLU and pooling, then one linear layer."""

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
    of the time. The paper has batch norms and max-pooling."""

    paper: ClassVar[str] = "Shen, Huang, Zhang 2022, sections 3.4 and 3.7.1"

    widths: Annotated[tuple[int, int, int], Count(1, 4096)] = (32, 64, 128)
    """Channels of the three blocks."""
    norm: Literal["batch", "group"] = "batch"
    """`group`: 8 groups of channels (fewer where 8 does not divide them), each image by itself (Wu and He 2018). The
    twin shows what of a loss is stale batch statistics."""
    pool: Literal["max", "blur"] = "max"
    """`blur`: the maximum of all 2x2 squares, then every second of it, low-passed first (Zhang 2019)."""

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench_classifiers.networks.cnn3 import Cnn3 as Network

        if min(shape.height, shape.width) < 8:
            raise Skip(f"three poolings leave nothing of images of {shape.height}x{shape.width}")
        return Network(shape, classes, self.widths, self.norm, self.pool)

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
