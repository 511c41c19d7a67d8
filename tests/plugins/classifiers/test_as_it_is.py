"""Published networks with the weights that come with them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from blurbench_classifiers.as_it_is import AsItIs
from blurbench_classifiers.torchvision import Torchvision
from torchvision import models

from blurbench.contract import Shape
from blurbench.errors import Skip, UsageError
from blurbench.own.photographs import check_network
from blurbench.registry import Registry, label

IMAGENET = Shape(3, 64, 64)
PUBLISHED = Torchvision(model="squeezenet1_1", weights="imagenet1k-v1")


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, torch.Tensor]:
    """Weights where torchvision keeps them."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    state: dict[str, torch.Tensor] = models.squeezenet1_1().state_dict()
    place = tmp_path / "hub" / "checkpoints" / models.SqueezeNet1_1_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
    place.parent.mkdir(parents=True)
    torch.save(state, place)
    return state


def test_its_weights_are_the_published_ones_and_nothing_fits_them(
    registry: Registry, stored: dict[str, torch.Tensor]
) -> None:
    kept = PUBLISHED.as_it_is()
    assert (kept.is_given, PUBLISHED.is_given, kept.as_it_is()) == (True, False, kept)
    assert label(registry, kept) == "as-it-is[classifier=torchvision[model=squeezenet1_1, weights=imagenet1k-v1]]"
    network = kept.build(IMAGENET, 1000).get_submodule("network")
    assert all(torch.equal(network.state_dict()[name], stored[name]) for name in stored)
    assert len(kept.units(kept.build(IMAGENET, 1000))) == len(PUBLISHED.units(PUBLISHED.build(IMAGENET, 1000)))


def test_a_head_that_would_be_new_is_never_measured(registry: Registry, stored: dict[str, torch.Tensor]) -> None:
    with pytest.raises(Skip, match="no weights that answer 10 classes: where a data set lacks some, name all"):
        AsItIs(PUBLISHED).build(IMAGENET, 10)
    with pytest.raises(UsageError, match="has no weights for 10 classes, and nothing is fitted here"):
        check_network(registry, label(registry, PUBLISHED), 64, 10)
    check_network(registry, label(registry, PUBLISHED), 64, 1000)
