"""MatConvNet's CIFAR10-quick: three convolutions with overlapping pools and two that see all that is left, on images
that are centred, brought to equal contrast and whitened.

z = (x - mean image), less its own mean, times mean(std) / max(std(z), 40); network(V diag(e / max(sqrt d, 10)) V' z)
with V d V' = mean of z z' over the clean training images and e = sqrt(mean d), all on the scale of 0..255
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

    from blurbench_classifiers.networks.cifar10_quick import Cifar10Quick as Network

MOST_VALUES = 4096
"""Of an image: the whitening matrix holds the square of their number."""


@dataclass(frozen=True)
class Cifar10Quick(Classifier):
    """145,578 parameters for 32x32 colour images and 10 classes. Whitening multiplies white noise on such images by
    about 4.5.

    The whitening matrix is stored with each fitted network (38 MB at 32x32 colour). MatConvNet gives each layer its own
    learning rate: 0.1 of the stated one for weights and 2 for biases, a tenth of both in the last layer. A recipe has
    one rate, so recipe `paper` takes that of most weights for all; it holds it constant where the example goes down
    twice by ten, and mirrors no images.
    """

    paper: ClassVar[str] = "Zhou, Song, Cheung 2017, section 3 (MatConvNet's cifar example)"

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench_classifiers.networks.cifar10_quick import Cifar10Quick as Network

        if min(shape.height, shape.width) < 8:
            raise Skip(f"three poolings leave nothing of images of {shape.height}x{shape.width}")
        if shape.channels * shape.height * shape.width > MOST_VALUES:
            raise Skip(f"a whitening matrix for images of {shape} would be too large")
        return Network(shape, classes)

    def prepare(self, module: nn.Module, images: torch.Tensor) -> None:
        cast("Network", module).whitening.prepare(images)

    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        return [[layer] for layer in cast("Network", module).convolutions]

    def recipe(self, purpose: Literal["train", "finetune"], budget: Budget) -> Recipe:
        training = purpose == "train"
        epochs = budget.epochs if training else budget.finetune_epochs
        if budget.recipes == "paper":
            return Recipe(epochs, 5e-3 if training else 5e-5, 100, "sgd", "constant", weight_decay=1e-4)
        return Recipe(epochs, 1e-3 if training else 3e-4, batch_size=32)


@hookimpl
def register_classifiers(register: Callable[[str, type[Classifier]], None]) -> None:
    register("cifar10-quick", Cifar10Quick)
