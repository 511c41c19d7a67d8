"""The restorer `red30`."""

import torch
from blurbench_restorers.red30 import Red30

from blurbench.contract import Shape
from tests.plugins.restorers.keras_reference import Layers, parameters, scrambled


def test_it_has_the_published_number_of_parameters():
    assert parameters(Red30().build(Shape(3, 32, 32))) == 4_139_395


def test_it_adds_c14_c12_to_c2_on_the_way_up_and_the_image_at_the_end():
    network = scrambled(Red30(filters=3).build(Shape(3, 8, 8)))
    images = torch.rand(2, 3, 7, 9, dtype=torch.float64)
    layers, x, down = Layers(network), images, {}
    for number in range(1, 16):
        x = down[number] = layers.conv(x, 3, 3, bias=True).relu()
    sums = 0
    for number in range(15, 1, -1):
        x = layers.conv(x, 3, 3, bias=True)
        if number in (14, 12, 10, 8, 6, 4, 2):
            x, sums = x + down[number], sums + 1
        x = x.relu()
    restored = images + layers.conv(x, 3, 3, bias=True)
    assert sums == 7
    assert layers.rest == []
    assert (restored - images).std() > 1e-3
    assert torch.allclose(network(images), restored)
