"""The restorer `resunet`."""

import pytest
import torch
from blurbench_restorers.resunet import Resunet

from blurbench.contract import Shape
from tests.plugins.restorers.keras_reference import Layers, parameters, scrambled


@pytest.mark.parametrize(("blocks", "count"), [(1, 1_008_963), (3, 1_969_987)])
def test_it_has_the_published_number_of_parameters(blocks, count):
    assert parameters(Resunet(blocks).build(Shape(3, 32, 32))) == count


@pytest.mark.parametrize("blocks", [1, 3])
def test_it_is_the_published_network(blocks):
    network = scrambled(Resunet(blocks, channels=3).build(Shape(3, 8, 12)))
    images = torch.rand(2, 3, 8, 12, dtype=torch.float64)
    layers = Layers(network)

    def cbr(x, channels, stride=1):
        return layers.norm(layers.conv(x, channels, 3, stride)).relu()

    def stage(x, channels, stride=1):
        x = cbr(x, channels, stride)
        for _ in range(blocks):
            x = x + cbr(cbr(x, channels), channels)
        return cbr(x, channels)

    fine = stage(images, 3)
    middle = stage(fine, 6, stride=2)
    deepest = stage(middle, 12, stride=2)
    assert deepest.shape == (2, 12, 2, 3)
    middle = stage(torch.cat([middle, layers.up(deepest, 6, 3)], dim=1), 6)
    fine = stage(torch.cat([fine, layers.up(middle, 3, 3)], dim=1), 3)
    restored = layers.conv(layers.conv(fine, 3, 3, bias=True).relu(), 3, 3, bias=True).sigmoid()
    assert layers.rest == []
    assert restored.std() > 1e-3
    assert torch.allclose(network(images), restored)
