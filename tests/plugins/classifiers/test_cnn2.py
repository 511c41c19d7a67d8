"""The classifier `cnn2`."""

import pytest
import torch
from blurbench_classifiers.cnn2 import Cnn2

from blurbench.contract import Budget, Recipe, Shape
from blurbench.errors import Skip


def test_it_has_the_28938_parameters_of_the_authors_programme():
    module = Cnn2().build(Shape(1, 28, 28), 10)
    assert sum(value.numel() for value in module.parameters()) == 28_938


def test_its_units_are_all_of_its_layers_in_order():
    module = Cnn2().build(Shape(1, 28, 28), 10)
    counts = [sum(value.numel() for layer in unit for value in layer.parameters()) for unit in Cnn2().units(module)]
    assert counts == [16 * 25 + 16, 32 * 16 * 25 + 32, 32 * 49 * 10 + 10]


@pytest.mark.parametrize("shape", [Shape(1, 4, 4), Shape(3, 17, 30)])
def test_it_takes_images_of_any_size_and_colour(shape):
    module = Cnn2().build(shape, 7)
    assert module(torch.rand(2, shape.channels, shape.height, shape.width)).shape == (2, 7)


def test_images_below_4_pixels_are_declined():
    with pytest.raises(Skip, match="images of 3x28"):
        Cnn2().build(Shape(1, 3, 28), 10)


def test_the_papers_recipe_is_adam_at_a_constant_1e_4_with_patience_5():
    recipe = Cnn2().recipe("train", Budget("paper", epochs=50, recipes="paper"))
    assert recipe == Recipe(50, 1e-4, 64, "adam", "constant", patience=5)
