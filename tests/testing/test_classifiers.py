"""What classifiers promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from blurbench.contract import (
    PatchClassifier,
    Plugin,
    Shape,
)
from blurbench.testing.networks import SmallClassifier
from blurbench.testing.samples import (
    SampleClassifier,
)
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


@breaks("the network gave logits of the shape (6, 11), wanted (6, 10)")
class ElevenClasses(SampleClassifier):
    def build(self, shape: Shape, classes: int) -> nn.Module:
        return super().build(shape, classes + 1)


@breaks("the layer 'norm' (BatchNorm2d) is in no unit")
class ForgetsTheNorm(SampleClassifier):
    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        return [[layer for layer in unit if not isinstance(layer, nn.BatchNorm2d)] for unit in super().units(module)]


@breaks("units 1 and 4 share a layer")
class SharesALayer(SampleClassifier):
    def units(self, module: nn.Module) -> Sequence[Sequence[nn.Module]]:
        units = super().units(module)
        return [*units, units[0]]


@breaks("built twice from the same seed, it has other weights")
class OwnSeed(SampleClassifier):
    built: ClassVar[list[int]] = []

    def build(self, shape: Shape, classes: int) -> nn.Module:
        self.built.append(1)
        torch.manual_seed(len(self.built))
        return super().build(shape, classes)


@breaks("prepare() changed in place what it was given")
class Centres(SampleClassifier):
    def prepare(self, module: nn.Module, images: Tensor) -> None:
        images.sub_(images.mean())


class _Whole(SmallClassifier):
    def forward(self, images: Tensor, keep: Tensor | None = None) -> Tensor:
        return super().forward(images)


@breaks("keep changes nothing")
class IgnoresKeep(SampleClassifier, PatchClassifier):
    patch = 4

    def build(self, shape: Shape, classes: int) -> nn.Module:
        return _Whole(shape.channels, classes)


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)
