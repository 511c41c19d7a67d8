"""What a network's digest depends on, and what it does not."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn
from torchvision.models import resnet18

from blurbench.own.content import content_digest
from tests.own.digits import network

FACTOR = 2.0


class Tempered(nn.Module):
    def __init__(self, temperature: float) -> None:
        super().__init__()
        self.temperature, self.inner = temperature, network()
        self.scale = nn.Buffer(torch.ones(3), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.inner(images) / self.temperature
        return logits


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.layer, self.itself = nn.LSTM(4, 4), [self]


def scaled(images: Tensor) -> Tensor:
    return images * FACTOR


def edited(net: Any, change: Callable[[Any], object]) -> Any:
    again = copy.deepcopy(net)
    with torch.no_grad():
        change(again)
    return again


@pytest.mark.parametrize(
    "make",
    [lambda: Tempered(1.0), Recurrent, lambda: scaled, lambda: lambda images: network()(images)],
    ids=["module", "in a circle", "function", "lambda"],
)
def test_equal_content_has_one_digest(make: Callable[[], Any]) -> None:
    assert content_digest(make()) is not None
    assert content_digest(make()) == content_digest(copy.deepcopy(make()))


@pytest.mark.parametrize(
    "change",
    [
        lambda net: net.inner[2].bias[0].add_(1e-6),
        lambda net: net.inner[0].running_mean.add_(1e-6),
        lambda net: net.scale.mul_(2),
        lambda net: setattr(net, "temperature", 2.0),
        lambda net: setattr(net.inner[0], "eps", 1e-4),
        lambda net: setattr(net, "inner", nn.Sequential(*net.inner, nn.ReLU())),
        lambda net: net.register_forward_hook(lambda layer, inputs, logits: -logits),
    ],
    ids=["a weight", "a statistic", "an unstored buffer", "a number", "a layer's option", "a layer more", "a hook"],
)
def test_whatever_changes_the_answers_changes_the_digest(change: Callable[[Any], object]) -> None:
    assert content_digest(edited(Tempered(1.0), change)) != content_digest(Tempered(1.0))


def test_the_code_of_ones_own_counts_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    before = content_digest(Tempered(1.0)), content_digest(scaled), content_digest(lambda images: scaled(images))
    monkeypatch.setattr(Tempered, "forward", lambda self, images: self.inner(images) * self.temperature)
    monkeypatch.setattr("tests.own.test_content.FACTOR", 3.0)
    after = content_digest(Tempered(1.0)), content_digest(scaled), content_digest(lambda images: scaled(images))
    assert not set(before) & set(after)


def test_a_captured_network_is_looked_into() -> None:
    def asked(net: nn.Module) -> Any:
        return lambda images: net(images)

    assert content_digest(asked(network())) == content_digest(asked(network()))
    assert content_digest(asked(network())) != content_digest(asked(Tempered(1.0)))


def test_what_cannot_be_looked_into_has_no_digest() -> None:
    assert content_digest(torch.Generator()) is None
    assert content_digest(lambda images: generator) is None


generator = torch.Generator()


CODE = """
import torch
from torch import nn
torch.manual_seed(3)
net = nn.TransformerEncoderLayer(8, 2)
net.names = {"one", "two", "three", "four"}
"""


def test_it_is_the_same_in_every_process() -> None:
    here: dict[str, Any] = {}
    exec(CODE, here)
    code = f"{CODE}\nfrom blurbench.own.content import content_digest\nprint(content_digest(net))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == content_digest(here["net"])


@pytest.mark.parametrize(
    "make", [resnet18, lambda: timm.create_model("test_vit"), lambda: timm.create_model("test_resnet")]
)
def test_networks_of_packages_have_one(make: Callable[[], nn.Module]) -> None:
    net = make().eval()
    assert content_digest(net) is not None
    assert content_digest(net) == content_digest(copy.deepcopy(net))
