"""The classifier `unet-classifier`."""

import pytest
import torch
from blurbench_classifiers.unet_classifier import UnetClassifier

from blurbench.contract import Shape
from blurbench.errors import Skip


def test_it_has_the_2571146_parameters_of_the_authors_programme():
    module = UnetClassifier().build(Shape(1, 28, 28), 10)
    assert sum(value.numel() for value in module.parameters()) == 2_571_146


def test_every_parameter_is_in_one_unit_and_each_norm_goes_with_its_convolution():
    module = UnetClassifier().build(Shape(1, 8, 8), 3)
    units = UnetClassifier().units(module)
    assert [len(unit) for unit in units] == [2] * 12 + [1]
    assert all(convolution.out_channels == norm.num_features for convolution, norm in units[:-1])
    assert [id(value) for unit in units for layer in unit for value in layer.parameters()] == [
        id(value) for value in module.parameters()
    ]


def test_channels_double_on_the_way_down_and_skips_join_on_the_way_up():
    *steps, _ = UnetClassifier().units(UnetClassifier().build(Shape(3, 8, 8), 3))
    assert [(step[0].in_channels, step[0].out_channels) for step in steps] == [
        *[(3, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256)],
        *[(256, 128), (256, 128), (128, 128), (128, 64), (128, 64), (64, 64)],
    ]


def test_sides_need_not_be_multiples_of_4():
    module = UnetClassifier().build(Shape(1, 9, 7), 3).eval()
    assert module(torch.rand(2, 1, 9, 7)).shape == (2, 3)


def test_images_below_4_pixels_are_declined():
    with pytest.raises(Skip, match="images of 28x3"):
        UnetClassifier().build(Shape(1, 28, 3), 10)
