"""Remedies that adapt while they run, against computations of their own and beside other rows."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from blurbench_strategies.adapting import _statistics
from torch import nn

from blurbench.contract import Degraded, Fitted, ModulePredictor, Output, Predictor
from blurbench.errors import Skip
from blurbench.registry import Registry
from blurbench.testing import check_plugin
from tests.conftest import Command

STREAM = torch.rand(2, 16, 1, 12, 12, generator=torch.Generator().manual_seed(3))


def network() -> nn.Module:
    torch.manual_seed(0)
    layers = nn.Sequential(
        *(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.Conv2d(6, 6, 3), nn.BatchNorm2d(6), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 4)),
    )
    with torch.no_grad():
        layers.train()(torch.rand(64, 1, 12, 12) * 0.3)
    return layers.eval().requires_grad_(False)


def adapting(registry: Registry, expression: str, module: nn.Module) -> Predictor:
    strategy: Any = registry.resolve("strategies", expression)
    base = Fitted(module, {}, ModulePredictor(module))
    predictor: Predictor = strategy.predictor(None, Fitted(None), {"base": base})
    return predictor


def answers(predictor: Predictor) -> list[torch.Tensor]:
    predictor.start()
    return [predictor.predict(Degraded(batch, None)).logits for batch in STREAM]


def test_without_a_prior_each_batch_is_normalised_by_itself_as_torch_does_in_training(registry: Registry) -> None:
    module = network()
    found = answers(adapting(registry, "bn-adapt", module))
    with torch.no_grad():
        wanted = [copy.deepcopy(module).train()(batch) for batch in STREAM]
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)


def test_the_prior_weighs_the_statistics_of_the_fit(registry: Registry) -> None:
    single = nn.Sequential(nn.BatchNorm2d(1, affine=False), nn.Flatten())
    single[0].running_mean, single[0].running_var = torch.tensor([0.2]), torch.tensor([0.5])
    found = answers(adapting(registry, "bn-adapt[prior=48]", single.eval()))
    for logits, batch in zip(found, STREAM, strict=True):
        mean = (48 * 0.2 + 16 * batch.mean()) / 64
        variance = (48 * 0.5 + 16 * batch.var(correction=0)) / 64
        torch.testing.assert_close(logits, ((batch - mean) / (variance + 1e-5).sqrt()).flatten(1), rtol=0, atol=1e-5)


def test_a_prior_without_end_is_the_fit_itself(registry: Registry) -> None:
    module = network()
    found = answers(adapting(registry, "bn-adapt[prior=1000000]", module))
    torch.testing.assert_close(found, [module(batch) for batch in STREAM], rtol=0, atol=1e-3)


def test_tent_takes_the_published_step_and_answers_before_it(registry: Registry) -> None:
    module = network()
    found = answers(adapting(registry, "tent[learning-rate=0.01]".replace("-rate", "_rate"), module))
    own = copy.deepcopy(module).train()
    for layer in own.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.requires_grad_(True)
    optimiser = torch.optim.Adam([p for p in own.parameters() if p.requires_grad], lr=0.01)
    for logits, batch in zip(found, STREAM, strict=True):
        expected = own(batch)
        torch.testing.assert_close(logits, expected.detach(), rtol=0, atol=1e-5)
        optimiser.zero_grad()
        torch.distributions.Categorical(logits=expected).entropy().mean().backward()
        optimiser.step()


@pytest.mark.parametrize("name", ["bn-adapt", "bn-adapt[prior=16]", "tent[learning_rate=0.1]"])
def test_a_new_stream_begins_from_the_fit_and_the_fit_is_left_alone(registry: Registry, name: str) -> None:
    module = network()
    before = copy.deepcopy(module.state_dict())
    predictor = adapting(registry, name, module)
    first = answers(predictor)
    torch.testing.assert_close(answers(predictor), first, rtol=0, atol=0)
    torch.testing.assert_close(module.state_dict(), before, rtol=0, atol=0)


SUITE = """
name = "streams"
version = 1
title = "Adaptation beside other rows"
datasets = ["digits"]
train_blurs = ["gaussian[sigma=1]"]
test_blurs = ["none", "gaussian[sigma=1]"]
[labels]
through = "bn-adapt[base=deblur-then-classify[restorer=unsharp-mask, classifier=clean]]"
[[matrix]]
classifiers = ["cnn3[widths=[4, 8, 8]]"]
strategies = [{strategies}]
[budgets.quick]
train_images = 200
test_images = 100
epochs = 1
"""


def predictions(blurbench: Command, folder: Path, strategies: str) -> dict[tuple[str, str], list[int]]:
    (folder / "streams.toml").write_text(SUITE.replace("{strategies}", strategies))
    run = blurbench("run", "--suite", "./streams.toml", "-j", "0", "-o", f"results-{len(strategies)}")
    assert run.returncode == 0, run.stderr
    records = [json.loads(path.read_bytes()) for path in (folder / f"results-{len(strategies)}").glob("records/*/*")]
    return {
        (record["axes"]["strategy"]["label"], record["axes"]["test_blur"]["label"]): record["result"]["images"][
            "predicted"
        ]
        for record in records
    }


def test_a_row_that_adapts_changes_no_other_and_passes_through_a_restorer(blurbench: Command, tmp_path: Path) -> None:
    alone = predictions(blurbench, tmp_path, '"plain"')
    beside = predictions(blurbench, tmp_path, '"tent[learning_rate=0.1]", "bn-adapt[batch=25]", "through", "plain"')
    assert {place: beside[place] for place in alone} == alone
    adapted = {label for label, _ in beside} - {"plain"}
    assert len(adapted) == 3
    assert all(beside[label, "gaussian[sigma=1]"] != alone["plain", "gaussian[sigma=1]"] for label in adapted)
    through = next(label for label in adapted if "unsharp-mask" in label)
    own = next(label for label in adapted if label.startswith("bn-adapt[batch"))
    assert beside[through, "gaussian[sigma=1]"] != beside[own, "gaussian[sigma=1]"]


def test_a_network_without_batch_norm_is_skipped_with_the_reason(blurbench: Command, tmp_path: Path) -> None:
    text = SUITE.replace("{strategies}", '"plain", "bn-adapt"').replace(
        "cnn3[widths=[4, 8, 8]]", "vit[width=12, depth=1]"
    )
    (tmp_path / "streams.toml").write_text(text)
    run = blurbench("run", "--suite", "./streams.toml", "-j", "0")
    records = [json.loads(path.read_bytes()) for path in (tmp_path / "blurbench-results").glob("records/*/*")]
    skipped = {record["reason"] for record in records if record["status"] == "skipped"}
    assert skipped == {"the classifier has no batch norm, so there is nothing to adapt"}, run.stderr


def test_what_answers_by_several_networks_is_not_adapted_but_may_ask_networks_that_are(registry: Registry) -> None:
    class Several(Predictor):
        def predict(self, degraded: Degraded) -> Output:
            raise AssertionError("nobody asks it")

    strategy: Any = registry.resolve("strategies", "bn-adapt")
    with pytest.raises(Skip, match="no one network"):
        strategy.predictor(None, Fitted(None), {"base": Fitted(None, {}, Several())})
    for expert in ("tent[base=retrain]", "bn-adapt[base=retrain, batch=16]"):
        report = check_plugin(f"strategies:router[estimator=laplacian-variance[window=16], expert={expert}]")
        assert report.unchecked == []


@pytest.mark.parametrize("shape", [(1, 5), (7, 5), (1, 5, 1, 1), (1, 5, 1, 2), (6, 5, 4, 3)])
def test_the_statistics_of_any_batch_are_its_mean_and_its_own_variance(shape: tuple[int, ...]) -> None:
    features = torch.randn(shape) * 3 + 2
    values = features.double().movedim(1, 0).flatten(1)
    mean, variance = _statistics(features)
    torch.testing.assert_close(mean.double(), values.mean(1), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(variance.double(), values.var(1, correction=0), rtol=1e-5, atol=1e-6)
