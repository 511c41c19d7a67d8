"""What metrics promise."""

from __future__ import annotations

from typing import ClassVar

import pytest
import torch
from torch import Tensor

from blurbench.contract import (
    Answered,
    Plugin,
)
from blurbench.errors import Unavailable
from blurbench.testing import check_plugin
from blurbench.testing.samples import (
    SampleMetric,
)
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


@breaks("measuring: measure() gave 2, beyond its limits 0 to 1")
class BeyondItsNumbers(SampleMetric):
    limits: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def measure(self, answered: Answered) -> Tensor:
        return answered.logits[:, 0] * 0 + 2


@breaks("measuring: the answer for an image depends on the rest of the batch")
class Ranking(SampleMetric):
    def measure(self, answered: Answered) -> Tensor:
        return answered.logits[:, 0].argsort().argsort().float()


@breaks("measuring changed in place what it was given")
class Clipping(SampleMetric):
    def measure(self, answered: Answered) -> Tensor:
        return answered.blurred.mul_(0.5).flatten(1).mean(1)


@breaks("it gave NaN for every image, restored or not")
class SaysNothing(SampleMetric):
    def measure(self, answered: Answered) -> Tensor:
        return answered.logits[:, 0] * torch.nan


@breaks("measure() gave numbers of the shape (), wanted (6,)")
class MeanOfAll(SampleMetric):
    def measure(self, answered: Answered) -> Tensor:
        return answered.logits.mean()


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)


class LacksWeights(SampleMetric):
    """A number of a network whose weights are not here."""

    def measure(self, answered: Answered) -> Tensor:
        raise Unavailable("the weights are not here")


def test_what_cannot_be_tried_here_is_told_and_breaks_no_promise() -> None:
    report = check_plugin(LacksWeights)
    assert set(report.unchecked) == {"measuring: the weights are not here"}
