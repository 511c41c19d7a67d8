"""What estimators promise."""

from __future__ import annotations

import pytest
from torch import Tensor, nn

from blurbench.contract import (
    Plugin,
)
from blurbench.testing.samples import (
    SampleEstimator,
)
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


@breaks("estimate() gave 0")
class BeyondItsLimits(SampleEstimator):
    @property
    def limits(self) -> tuple[float, float]:
        return (9.0, 10.0)

    def estimate(self, images: Tensor, module: nn.Module | None = None) -> Tensor:
        return super().estimate(images) * 0


@breaks("sigma_map() and estimate() of the same window differ by")
class OtherMap(SampleEstimator):
    def sigma_map(self, images: Tensor, module: nn.Module | None = None, stride: int = 1) -> Tensor:
        return super().sigma_map(images.flip(-1), module, stride)


@breaks("answers do not rise")
class Falling(SampleEstimator):
    @property
    def answers(self) -> tuple[float, ...]:
        return (2.0, 1.0)


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)
