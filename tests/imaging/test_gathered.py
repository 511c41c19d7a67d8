"""Images that memory does not hold answer as plain tensors do, bit by bit, and make no more rows than they must."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from blurbench.errors import PluginError
from blurbench.imaging import gathered
from blurbench.imaging.gathered import Gathered

PLAIN = torch.rand(20, 3, 4, 5, generator=torch.Generator().manual_seed(0))
COIN = torch.arange(20)[:, None, None, None] % 3 == 0

ASKED: dict[str, Callable[[torch.Tensor], Any]] = {
    "some": lambda x: x[torch.tensor([3, 1, -1])],
    "many": lambda x: x[torch.arange(19, 2, -1)],
    "a mask": lambda x: x[torch.arange(20) > 4],
    "a run": lambda x: x[2:19:3],
    "one": lambda x: x[-2],
    "a channel": lambda x: x[:, 0],
    "two channels": lambda x: x[:, :2],
    "pointwise": lambda x: torch.where(COIN, x.clamp(0, 0.5), 2 * x - x.square()),
    "standardised": lambda x: (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True, correction=0),
    "grey": lambda x: x.mean(1, keepdim=True),
    "a mean image": lambda x: x.mean(0),
    "a mean colour": lambda x: x.mean((0, 2, 3)),
    "a deviation": lambda x: x.std(dim=(0, 2, 3)),
    "flat, with labels": lambda x: torch.cat([torch.arange(20)[:, None], x.flatten(1)], 1),
    "twice": lambda x: torch.cat([x, x]),
    "in pieces": lambda x: torch.cat([piece + 1 for piece in torch.split(x, 6)]),
    "a copy": lambda x: x.clone().mul_(2),
    "float64": lambda x: x.double(),
    "a network": lambda x: F.conv2d(x, torch.ones(2, 3, 3, 3)),
    "an error": lambda x: F.mse_loss(x, PLAIN * 2),
    "numpy": lambda x: torch.from_numpy(x.numpy()),
}


def images(room: int, made: list[int] | None = None) -> Gathered:
    def make(rows: torch.Tensor) -> torch.Tensor:
        if made is not None:
            made.append(len(rows))
        return PLAIN[rows]

    return Gathered(PLAIN.shape, make, room, PLAIN.dtype, PLAIN.device)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathered, "BATCH", 4)


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
@pytest.mark.parametrize("room", [0, 2_000])
@pytest.mark.parametrize("inference", [False, True])
def test_whatever_is_asked_is_answered_as_by_plain_tensors(
    asked: Callable[[torch.Tensor], Any], room: int, inference: bool
) -> None:
    with torch.inference_mode(inference):
        answer, expected = asked(images(room)), asked(PLAIN.clone())
        assert (answer.shape, answer.dtype) == (expected.shape, expected.dtype)
        assert torch.equal(answer.clone(), expected)


def test_nothing_is_made_before_it_is_asked_for_and_then_no_more_than_that() -> None:
    made: list[int] = []
    varied = torch.where(COIN, images(0, made) * 2, images(0, made).flatten(1).view(PLAIN.shape))
    assert not made
    assert varied[torch.tensor([7, 2])].shape == (2, 3, 4, 5)
    assert made == [2, 2]


def test_what_is_needed_whole_is_made_a_few_rows_at_a_time() -> None:
    made: list[int] = []
    images(700, made).mean()
    assert sum(made) == 20
    assert max(made) == 2, "700 bytes hold two images of 240"


def test_changing_them_in_place_is_refused_and_so_is_their_address() -> None:
    with pytest.raises(PluginError, match="changed in place; work on a clone"):
        images(0).mul_(2)
    with pytest.raises(PluginError, match="take a part of them"):
        images(0).data_ptr()


def test_a_network_learns_from_rows_that_were_made_in_inference_mode() -> None:
    def make(rows: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return PLAIN[rows] * 2

    weights = torch.ones(2, 3, 3, 3, requires_grad=True)
    F.conv2d(Gathered(PLAIN.shape, make, 0, PLAIN.dtype, "cpu")[:3], weights).sum().backward()  # type: ignore[no-untyped-call]
    assert weights.grad is not None
    assert weights.grad.abs().sum() > 0


def test_a_mean_over_images_is_one_where_each_image_has_as_many_channels_as_there_are_images() -> None:
    plain = torch.rand(4, 4, 4, 4)
    square = Gathered(plain.shape, lambda rows: plain[rows], 0, plain.dtype, "cpu")
    assert torch.equal(square.mean(0).clone(), plain.mean(0))
    assert torch.equal(square.mean((1, 2)).clone(), plain.mean((1, 2)))
