"""What a strategy and its predictors say where nothing else is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

from blurbench.contract import Degraded, FitJob, Fitted, ModulePredictor, Predictor, Restoring, Setting, Strategy


def test_a_module_predictor_gives_the_network_s_logits_in_eval_mode_without_a_graph():
    module = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(4, 3))
    images = torch.rand(5, 1, 2, 2)
    output = ModulePredictor(module).predict(Degraded(images, None))
    torch.testing.assert_close(output.logits, module[2](images.flatten(1)).detach())
    assert not output.logits.requires_grad
    assert output.restored is None
    assert output.observations == {}


class Halving(Restoring):
    """Halves, then adds up."""

    def restore(self, degraded: Degraded) -> torch.Tensor:
        return degraded.images / 2

    def classify(self, restored: torch.Tensor) -> torch.Tensor:
        return restored.flatten(1).sum(1, keepdim=True)


@dataclass(frozen=True)
class Bare(Strategy):
    """Says the least that it can."""

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        return {}


@dataclass(frozen=True)
class Own(Bare):
    """With a predictor of its own."""

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        return Halving()


def test_what_restores_classifies_what_it_restored() -> None:
    images = torch.rand(3, 1, 2, 2)
    output = Halving().predict(Degraded(images, None))
    assert output.restored is not None
    assert torch.equal(output.restored, images / 2)
    assert torch.equal(output.logits, (images / 2).flatten(1).sum(1, keepdim=True))
    assert Halving().logits_network() is None


def test_only_a_predictor_of_its_own_runs_beside_the_classifier() -> None:
    assert Bare().at_prediction() == ()
    assert Own().at_prediction() == (Own(),)


def test_a_strategy_without_a_network_must_give_a_predictor() -> None:
    setting: Any = None
    with pytest.raises(NotImplementedError, match="Bare fits no network, so it must give predictor"):
        Bare().predictor(setting, Fitted(None), {})
    module = nn.Identity()
    predictor = Bare().predictor(setting, Fitted(module), {})
    assert predictor.logits_network() is module
