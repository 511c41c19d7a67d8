"""How many images a predictor is asked about at once."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from blurbench.contract import Degraded, Fitted, ModulePredictor, Output, Predictor
from blurbench.measurements.accuracy import measure
from blurbench.measurements.at_once import at_once
from blurbench.registry import Registry


class Counting(Predictor):
    """Remembers how many images came together."""

    def __init__(self) -> None:
        self.met: list[int] = []

    def predict(self, degraded: Degraded) -> Output:
        self.met.append(len(degraded.images))
        return Output(degraded.images.flatten(1)[:, :2])


@pytest.mark.parametrize(
    ("shape", "count"),
    [((1, 28, 28), 256), ((3, 32, 32), 256), ((3, 64, 64), 128), ((3, 224, 224), 8), ((3, 999, 999), 1)],
)
def test_photographs_come_a_few_at_a_time(shape: tuple[int, ...], count: int) -> None:
    assert at_once(Counting(), shape, torch.device("cpu")) == count


def test_what_adapts_or_wants_all_or_runs_on_a_gpu_gets_what_it_declares() -> None:
    shape, here, predictor = (3, 224, 224), torch.device("cpu"), Counting()
    assert at_once(predictor, shape, torch.device("cuda")) == 256
    predictor.batch = None
    assert at_once(predictor, shape, here) is None
    predictor.batch, predictor.adapts = 64, True
    assert at_once(predictor, shape, here) == 64


def test_a_cell_asks_in_these_batches_and_keeps_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_handed", lambda degraded, fit: degraded)
    monkeypatch.setattr(measure, "_checked", lambda predictor, output, degraded, fit: output)
    images = torch.arange(20.0)[:, None, None, None].expand(20, 3, 224, 224)
    predictor = Counting()
    chunks = [Degraded(images[:16], None), Degraded(images[16:], None)]
    output = measure.predict(predictor, chunks, None)  # type: ignore[arg-type]
    assert predictor.met == [8, 8, 4]
    assert output.logits[:, 0].tolist() == list(range(20))


@pytest.mark.parametrize("expression", ["bn-adapt[batch=16]", "tent[batch=16]"])
def test_photographs_are_adapted_to_in_whole_batches(registry: Registry, expression: str) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 5, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(9), nn.Flatten())
    images = torch.rand(16, 3, 224, 224, generator=torch.Generator().manual_seed(4)) ** 2
    images[8:] *= 0.3  # halves of their own would be brought to the same mean
    predictor: Predictor = registry.resolve("strategies", expression).predictor(
        None, Fitted(None), {"base": Fitted(network, {}, ModulePredictor(network))}
    )
    predictor.start()
    found = [
        predictor.predict(part).logits.detach()
        for part in measure._batches([Degraded(images, None)], at_once(predictor, images.shape[1:], images.device))
    ]
    with torch.no_grad():
        wanted = network.train()(images)
    torch.testing.assert_close(torch.cat(found), wanted, rtol=1e-4, atol=1e-4)
