"""The restorer `ed-densenet`."""

import torch
from blurbench_restorers.ed_densenet import EdDensenet
from blurbench_restorers.networks.ed_densenet import DenseLayer

from blurbench.contract import Shape
from tests.plugins.restorers.keras_reference import Layers, parameters, scrambled


def test_it_has_the_published_number_of_parameters():
    assert parameters(EdDensenet().build(Shape(3, 32, 32))) == 424_927


def test_the_dense_blocks_give_112_152_124_64_and_160_channels():
    network, met = EdDensenet().build(Shape(3, 32, 32)), []
    for block in network.layers:
        if isinstance(block, torch.nn.Sequential) and isinstance(block[0], DenseLayer):
            block.register_forward_hook(lambda layer, given, result: met.append(tuple(result.shape[1:3])))
    network(torch.rand(1, 3, 32, 32))
    assert met == [(112, 32), (152, 16), (124, 8), (64, 16), (160, 32)]


def test_it_is_the_published_network():
    growth = 2
    network = scrambled(EdDensenet(growth=growth).build(Shape(3, 8, 12)))
    images = torch.rand(2, 3, 8, 12, dtype=torch.float64)
    layers = Layers(network)

    def dense(x, count):
        for _ in range(count):
            x = layers.norm(x).relu()
            new = layers.conv(layers.norm(layers.conv(x, 4 * growth, 1)).relu(), growth, 3)
            x = torch.cat([x, new], dim=1)
        return x

    def down(x):
        half = x.shape[1] // 2
        return layers.conv(layers.conv(layers.norm(x).relu(), half, 1), half, 2, stride=2, bias=True)

    def up(x):
        return layers.norm(layers.up(x, x.shape[1], 2)).relu()

    x = dense(layers.conv(images, growth, 3, bias=True).relu(), 6)
    x = dense(down(x), 6)
    x = dense(down(x), 3)
    x = layers.norm(layers.conv(x, growth, 1, bias=True)).relu()
    x = dense(up(x), 3)
    x = dense(up(x), 6)
    restored = layers.conv(x, 3, 1, bias=True).sigmoid()
    assert layers.rest == []
    assert restored.std() > 1e-3
    assert torch.allclose(network(images), restored)
