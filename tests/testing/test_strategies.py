"""What strategies promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from torch import nn

from blurbench.contract import (
    Degraded,
    FitJob,
    Fitted,
    ModulePredictor,
    Need,
    Output,
    Plugin,
    Predictor,
    PredictorNeed,
    Setting,
)
from blurbench.testing.samples import (
    SampleStrategy,
)
from tests.testing.broken import Faults, check_found

FAULTS = Faults()
breaks = FAULTS.breaks


@breaks("fit() reads the data set by itself, test images included")
class Peeks(SampleStrategy):
    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        job.setting.dataset.load(())
        return super().fit(module, job)


@breaks("fit() asks for the training blur, but uses_train_blur() is False")
class BlursSecretly(SampleStrategy):
    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        job.blur(job.train, 0)
        return super().fit(module, job)


@breaks("uses_train_blur() is True, but fit() never asks for the blur")
class NeedsNoBlur(SampleStrategy):
    def uses_train_blur(self) -> bool:
        return True


@breaks("fit() asked for the blur of train images that it was not given")
class InventsIds(SampleStrategy):
    def uses_train_blur(self) -> bool:
        return True

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        job.blur(replace(job.train, ids=job.train.ids + 1_000_000), 0)
        return super().fit(module, job)


class _Adapting(ModulePredictor):
    """Batch norms take their statistics from whatever comes."""

    def predict(self, degraded: Degraded) -> Output:
        self.module.train()
        return super().predict(degraded)


@breaks("predicting: the answer for an image depends on the rest of the batch")
class AdaptsInSecret(SampleStrategy):
    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        assert own.module is not None
        return _Adapting(own.module)


@breaks("it changed the network of 'plain', which other rows use, too")
class SpoilsAnother(SampleStrategy):
    def needs(self, setting: Setting) -> Mapping[str, Need]:
        return {"plain": PredictorNeed(SampleStrategy())}

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        plain = job.inputs["plain"].module
        assert plain is not None
        next(plain.parameters()).data.mul_(0.9)
        return super().fit(module, job)


class _Infinite(ModulePredictor):
    def predict(self, degraded: Degraded) -> Output:
        return Output(super().predict(degraded).logits / 0)


@breaks("predicting: the predictor gave NaN or infinity")
class DividesByZero(SampleStrategy):
    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        assert own.module is not None
        return _Infinite(own.module)


class _Shifted(ModulePredictor):
    def predict(self, degraded: Degraded) -> Output:
        return Output(super().predict(degraded).logits + getattr(self.module, "shift", 0.0))


@breaks("stored and loaded, it predicts differently")
class KeepsASecret(SampleStrategy):
    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        module.shift = 1.0  # type: ignore[union-attr,assignment]
        return super().fit(module, job)

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        assert own.module is not None
        return _Shifted(own.module)


@pytest.mark.parametrize(("cls", "finding"), FAULTS)
def test_the_broken_promise_is_the_one_that_is_found(cls: type[Plugin], finding: str) -> None:
    check_found(cls, finding)
