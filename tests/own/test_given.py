"""A given network behind its preprocessing."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from blurbench.contract import Shape
from blurbench.errors import Unavailable
from blurbench.own.given import GivenNetwork, Network, OwnNetwork, holding
from tests.own.digits import TEST, digits, network
from tests.pretended import PretendedGpu, entered, moved

IMAGES = torch.from_numpy(digits()[0][:TEST]).float() / 255


def test_a_network_on_a_gpu_is_asked_there() -> None:
    own = OwnNetwork(Network(network(), 50), (0.5,), (0.25,)).eval()
    here = own(IMAGES)
    gpu = PretendedGpu()
    with entered(gpu), gpu:
        there = moved(own, gpu)(moved(IMAGES, gpu))
        assert there.device == gpu.device
        torch.testing.assert_close(there.cpu(), here)


def test_a_network_in_half_precision_answers_as_itself() -> None:
    half = network().eval().bfloat16()
    own = OwnNetwork(Network(half, 256), (), ()).eval()
    assert own(IMAGES).dtype == torch.float32
    torch.testing.assert_close(own(IMAGES), half(IMAGES.bfloat16()).float())


def test_arrays_are_answers_too() -> None:
    def by_brightness(images: Tensor) -> Any:
        mean = images.mean((1, 2, 3)).numpy()
        return np.stack([mean, 1 - mean], 1)

    own = OwnNetwork(Network(by_brightness, 7), (), ())
    torch.testing.assert_close(own(IMAGES)[:, 0], IMAGES.mean((1, 2, 3)))


def test_a_norm_that_trains_sees_the_whole_batch() -> None:
    own = OwnNetwork(Network(network(), 7), (), ())
    wanted = network().train()(IMAGES)
    torch.testing.assert_close(own.train()(IMAGES), wanted)
    assert not torch.allclose(own.eval()(IMAGES), wanted)


def test_what_was_given_is_kept_by_its_run_alone() -> None:
    held = Network(network(), 7)
    given = holding(GivenNetwork, held)(content="x")
    assert given.build(Shape(1, 16, 16), 10).ask is not held.ask
    del held
    gc.collect()
    with pytest.raises(Unavailable, match="the network of this run was given in Python and is gone"):
        given.build(Shape(1, 16, 16), 10)
