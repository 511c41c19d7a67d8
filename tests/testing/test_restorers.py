"""What restorers promise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from blurbench.contract import (
    Plugin,
    Shape,
)
from blurbench.testing import check_plugin
from blurbench.testing.samples import (
    SampleRestorer,
)
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


@breaks("restore() turned (5, 1, 29, 30) into (5, 1, 28, 30)")
class CutsOddRows(SampleRestorer):
    def restore(self, images: Tensor, module: nn.Module | None) -> Tensor:
        return super().restore(images, module)[..., : images.shape[-2] // 2 * 2, :]


@breaks("build() gives a network, but trainable is False")
class NeverBuilt(SampleRestorer):
    trainable: ClassVar[bool] = False

    def restore(self, images: Tensor, module: nn.Module | None) -> Tensor:
        return images


@dataclass(frozen=True)
class Loading(SampleRestorer):
    """Its weights exist already, and nothing is wrong with it."""

    weights: Path = Path("here.pt")

    trainable: ClassVar[bool] = False

    def build(self, shape: Shape) -> nn.Module | None:
        return None

    def load(self, shape: Shape) -> nn.Module | None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return nn.Conv2d(shape.channels, shape.channels, 1)


@breaks("load() drew from torch's global generator")
class DrawsWhileLoading(Loading):
    def load(self, shape: Shape) -> nn.Module:
        network = nn.Conv2d(shape.channels, shape.channels, 1, bias=False)
        nn.init.ones_(network.weight)
        return network


@breaks("load() gives other weights when it is asked again")
class LoadsOthers(Loading):
    loads: ClassVar[list[int]] = []

    def load(self, shape: Shape) -> nn.Module:
        self.loads.append(1)
        with torch.random.fork_rng():
            torch.manual_seed(len(self.loads))
            return nn.Conv2d(shape.channels, shape.channels, 1)


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)


def test_a_restorer_with_weights_of_its_own_keeps_all_its_promises() -> None:
    assert check_plugin(Loading).unchecked == []
