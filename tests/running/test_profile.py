"""What a network takes on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_estimators.cnn_sigma import CnnSigma
from blurbench_restorers.identity import Identity
from blurbench_restorers.unet import Unet

from blurbench.contract import Shape
from blurbench.running.profile import profiled, shortest

SHAPE = Shape(1, 16, 16)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """As they were."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_network_is_counted_and_takes_time_both_ways() -> None:
    network = Cnn3((4, 8, 8))
    found = profiled(network, SHAPE, 10, "cpu", 1)
    assert found.parameters == sum(one.numel() for one in network.build(SHAPE, 10).parameters())
    assert found.forwards > 0
    assert found.training > 0


def test_an_estimators_network_is_tried_on_windows_whatever_the_images_are() -> None:
    for network in ("conv4-fc2", "conv8-fc4", "fcn"):
        found = profiled(CnnSigma(network=network), Shape(3, 40, 60), 10, "cpu", 1)
        assert found.training > found.forwards > 0


def test_what_has_no_network_is_never_trained() -> None:
    found = profiled(Identity(), SHAPE, 10, "cpu", 1)
    assert (found.training, found.parameters) == (0.0, 0)
    assert profiled(Unet(kernel=3, widths=(2, 4, 4)), SHAPE, 10, "cpu", 1).training > 0


def test_a_quick_call_is_timed_three_times() -> None:
    calls: list[int] = []

    def quick() -> torch.Tensor:
        calls.append(1)
        return torch.zeros(1)

    assert shortest(quick, "cpu", 1) < 0.3
    assert len(calls) == 3
