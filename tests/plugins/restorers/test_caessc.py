"""The restorer `caessc`."""

import pytest
import torch
from blurbench_restorers.caessc import Caessc

from blurbench.contract import Budget, Shape
from tests.plugins.restorers.keras_reference import Layers, parameters, scrambled

COLOUR = Shape(3, 32, 32)


@pytest.mark.parametrize(
    ("restorer", "count", "skips"),
    [(Caessc(), 2_881_420, 7), (Caessc(depth=22, filters=128, downsample=True), 8_217_868, 5)],
)
def test_it_has_the_published_numbers_of_parameters_and_skips(restorer, count, skips):
    network = restorer.build(COLOUR)
    assert parameters(network) == count
    assert len(network.joins) == skips


@pytest.mark.parametrize("downsample", [False, True])
@pytest.mark.parametrize("last", ["sigmoid", "relu"])
def test_it_is_the_published_network(downsample, last):
    # Six layers down, c1 to c6, and six up, d6 to d1, with sums at d4 and d2.
    network = scrambled(Caessc(12, 2, downsample, last).build(COLOUR))
    images = torch.rand(2, 3, 8, 12, dtype=torch.float64)
    layers, joins, end = Layers(network.encoder, network.decoder), Layers(network.joins), Layers(network.end)

    def cbr(x, stride=1):
        return layers.norm(layers.conv(x, 2, 5, stride)).relu()

    c2 = cbr(cbr(images, stride=2 if downsample else 1))
    c4 = cbr(cbr(c2))
    d5 = cbr(cbr(cbr(cbr(c4))))
    d4 = cbr(d5) + c4
    # The norms of the sums are stored with the outermost sum first.
    outer, inner = joins.rest
    joins.rest = [inner, outer]
    d2 = cbr(cbr(joins.norm(d4).relu())) + c2
    x = joins.norm(d2).relu()
    x = layers.up(x, 3, 5, bias=False) if downsample else layers.conv(x, 3, 5)
    x = end.norm(images + layers.norm(x).relu())
    restored = x.sigmoid() if last == "sigmoid" else x.relu()
    assert layers.rest == joins.rest == end.rest == []
    assert restored.std() > 1e-3
    assert torch.allclose(network(images), restored)


def test_an_odd_depth_is_refused():
    with pytest.raises(ValueError, match="depth must be even, not 13"):
        Caessc(depth=13)


def test_the_wider_network_is_fitted_in_smaller_batches():
    paper = Budget("paper", restorer_epochs=80, recipes="paper")
    assert Caessc().recipe(paper).batch_size == 250
    assert Caessc(22, 128, downsample=True).recipe(paper).batch_size == 200
