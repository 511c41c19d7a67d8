"""The restorer `reverse-unet`."""

import torch
from blurbench_restorers.networks.reverse_unet import IMAGES_AT_ONCE
from blurbench_restorers.reverse_unet import ReverseUnet

from blurbench.contract import Shape
from tests.plugins.restorers.keras_reference import Layers, parameters, scrambled


def test_it_has_the_published_number_of_parameters():
    assert parameters(ReverseUnet().build(Shape(1, 28, 28))) == 185_217


def test_it_is_the_paper_s_table_2():
    network = scrambled(ReverseUnet(channels=4).build(Shape(1, 7, 6)))
    images = torch.rand(2, 1, 7, 6, dtype=torch.float64)
    layers, x = Layers(network), images
    for outputs in (4, 8, 16):
        x = layers.conv(x, outputs, 3, bias=True).relu().repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)
    assert x.shape == (2, 16, 56, 48)
    for outputs in (8, 4, 1):
        x = layers.conv(x, outputs, 3, bias=True).relu()
        x = x.unflatten(-1, (-1, 2)).amax(-1).unflatten(-2, (-1, 2)).amax(-2)
    assert layers.rest == []
    assert x.std() > 1e-3
    assert torch.allclose(network(images), x)


def test_many_images_give_in_parts_what_they_give_at_once():
    network = ReverseUnet(channels=2).build(Shape(1, 8, 8))
    images = torch.rand(2 * IMAGES_AT_ONCE + 1, 1, 8, 8)
    assert torch.allclose(network.train()(images), network.eval()(images), atol=1e-6)
