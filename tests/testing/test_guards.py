"""What a plugin must not do to what it is given, to the process, or to the neighbours of an image."""

from __future__ import annotations

import random
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from blurbench.contract import (
    Blur,
    Degraded,
    GaussianPsf,
    Plugin,
    Psf,
    Shape,
)
from blurbench.imaging.draws import Draws
from blurbench.testing import report_on
from blurbench.testing.samples import (
    SampleRestorer,
)
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


@breaks("the answer for an image depends on the order of the batch")
class ByPosition(Blur):
    def psf(self, draws: Draws) -> Psf:
        return GaussianPsf(torch.linspace(1, 2, len(draws), dtype=torch.float64))


@breaks("degrading changed in place what it was given")
class InPlace(Blur):
    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        return Degraded(images.mul_(0.5), None)


@breaks("degrading gave another answer when asked again")
class Stateful(Blur):
    calls: ClassVar[list[int]] = []

    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        self.calls.append(1)
        return Degraded(images * (1 - 0.01 * len(self.calls)), None)


@breaks("degrading drew from Python's random")
class GlobalRandom(Blur):
    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        random.random()
        return Degraded(images * 0.5, None)


@breaks("degrading changed torch's number of threads")
class Threads(Blur):
    def degrade(self, images: Tensor, draws: Draws) -> Degraded:
        torch.set_num_threads(torch.get_num_threads() + 1)
        return Degraded(images * 0.5, None)


@breaks("the answer for an image depends on the rest of the batch")
class BatchMean(SampleRestorer):
    trainable: ClassVar[bool] = False

    def build(self, shape: Shape) -> nn.Module | None:
        return None

    def restore(self, images: Tensor, module: nn.Module | None) -> Tensor:
        return images - images.mean()


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)


def test_what_belongs_to_the_process_is_as_it_was_before_a_check() -> None:
    threads, state = torch.get_num_threads(), random.getstate()
    report_on(Threads)
    report_on(GlobalRandom)
    assert torch.get_num_threads() == threads
    assert random.getstate() == state
