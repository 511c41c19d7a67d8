"""Milliseconds an image: how many rounds they rest on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest
import torch

from blurbench.contract import Degraded, Output, Predictor
from blurbench.running import timing

IMAGES = torch.zeros(2, 1, 4, 4)


@dataclass
class Sleeping(Predictor):
    """Takes so many seconds a batch."""

    seconds: list[float]
    taken: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def predict(self, degraded: Degraded) -> Output:
        self.taken.append(self.seconds[min(len(self.taken), len(self.seconds) - 1)])
        self.sizes.append(len(degraded.images))
        time.sleep(self.taken[-1])
        return Output(torch.zeros(len(degraded.images), 2))


def test_a_round_takes_the_images_in_the_batches_that_the_remedy_declares() -> None:
    predictor = Sleeping([0.0])
    predictor.batch = 2
    timing._prediction(predictor, torch.zeros(5, 1, 4, 4), is_oracle=False)()
    assert predictor.sizes == [2, 2, 1]


@pytest.mark.parametrize(
    ("seconds", "rounds", "calls"),
    [
        ([0.03], timing.FEW, timing.FEW + 1),
        ([0.03, 0.0], timing.MOST - 2, timing.MOST),  # only the first is long: it warmed up
    ],
)
def test_long_rounds_are_few_and_what_warms_up_does_not_count(
    monkeypatch: pytest.MonkeyPatch, seconds: list[float], rounds: int, calls: int
) -> None:
    monkeypatch.setattr(timing, "LONG", 0.02)
    monkeypatch.setattr(timing, "SECONDS", 60.0)
    predictor = Sleeping(seconds)
    found = timing._rounds(torch.device("cpu"), predictor, IMAGES, is_oracle=False)
    assert (len(found), len(predictor.taken)) == (rounds, calls)
