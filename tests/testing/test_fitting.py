"""What everything promises that is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from blurbench.contract import (
    Plugin,
    RestorerJob,
    Shape,
)
from blurbench.testing.samples import (
    SampleRestorer,
)
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


@breaks("fit() did not lower the loss")
class LearnsNothing(SampleRestorer):
    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(0.5)
        return {}


@breaks("fit() left every weight as it was")
class FitsACopy(SampleRestorer):
    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        return super().fit(self.build(Shape(1, 32, 32)), job)


@breaks("stored and loaded, the fitted network restores differently")
class HiddenState(SampleRestorer):
    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        notes = super().fit(module, job)
        module.shift = 0.001  # type: ignore[assignment]
        return notes

    def restore(self, images: Tensor, module: nn.Module | None) -> Tensor:
        assert module is not None
        restored: Tensor = module(images) + getattr(module, "shift", 0.0)
        return restored


@breaks("fitting twice with the same seed gives other weights")
class OtherEachTime(SampleRestorer):
    fits: ClassVar[list[int]] = []

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        self.fits.append(1)
        return super().fit(module, replace(job, seed=len(self.fits)))


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)
