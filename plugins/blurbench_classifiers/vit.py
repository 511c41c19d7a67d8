"""A small vision transformer, fitted from scratch: square patches become tokens, which can be left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, cast

import blurbench
from blurbench.errors import Skip
from blurbench.protocols import Classifier, PatchClassifier
from blurbench.types import Budget, Count, Pixels, Recipe, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn


@dataclass(frozen=True)
class Vit(PatchClassifier):
    patch: Annotated[int, Pixels(1, 64)] = 4
    width: Annotated[int, Count(1, 4096)] = 96
    depth: Annotated[int, Count(1, 48)] = 4
    heads: Annotated[int, Count(1, 64)] = 3

    def build(self, shape: Shape, classes: int) -> nn.Module:
        from blurbench_classifiers.networks import vit
        return vit.Vit(shape, classes, self.patch, self.width, self.depth, self.heads)

    def prepare(self, module: nn.Module, images: torch.Tensor) -> None:
        from blurbench_classifiers.networks import vit

        network = cast(vit.Vit, module)
        deviation, mean = torch.std_mean
