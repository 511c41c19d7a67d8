"""The classifier `lenet-mcn`."""

import pytest
import torch
from blurbench_classifiers.lenet_mcn import LenetMcn
from blurbench_datasets.mnist_5k import Mnist5k
from blurbench_strategies.first_n import FirstN

from blurbench.contract import Budget, Recipe, Shape
from blurbench.errors import Skip
from blurbench.training import fit_classifier, forward, seed_torch

MNIST = Shape(1, 28, 28)


@pytest.mark.parametrize(("n", "count"), [(1, 520), (2, 25_570), (3, 426_070), (4, 431_080)])
def test_the_first_units_have_the_papers_numbers_of_parameters(n, count):
    module = LenetMcn().build(MNIST, 10)
    learning = FirstN(n=n).learning(module, LenetMcn().units(module))
    assert sum(value.numel() for value in learning) == count


def test_only_the_third_unit_is_followed_by_a_relu():
    # Before it the network is linear but for its max-pools, which a positive factor passes through.
    module = LenetMcn().build(MNIST, 10)
    for layer in module.convolutions:
        layer.bias.data.zero_()
    images = torch.rand(3, 1, 28, 28)
    torch.testing.assert_close(module(3 * images), 3 * module(images))
    seen = []
    module.convolutions[2].register_forward_hook(lambda layer, inputs, output: seen.append(inputs[0]))
    module.convolutions[3].register_forward_hook(lambda layer, inputs, output: seen.append(inputs[0]))
    module(images)
    assert seen[0].shape == (3, 50, 4, 4)
    assert seen[0].min() < 0
    assert seen[1].shape == (3, 500, 1, 1)
    assert seen[1].min() == 0


def test_images_are_seen_on_the_scale_of_255_less_the_mean_image():
    module = LenetMcn().build(MNIST, 10)
    clean = torch.rand(20, 1, 28, 28)
    LenetMcn().prepare(module, clean)
    torch.testing.assert_close(module.mean, 255 * clean.mean(dim=0))
    seen = []
    module.convolutions[0].register_forward_hook(lambda layer, inputs, output: seen.append(inputs[0]))
    module(clean)
    torch.testing.assert_close(seen[0], 255 * clean - module.mean)
    assert "mean" in module.state_dict()


@pytest.mark.parametrize("shape", [Shape(1, 16, 16), Shape(3, 33, 20)])
def test_other_sizes_and_colours_are_taken(shape):
    module = LenetMcn().build(shape, 7)
    assert module(torch.rand(2, shape.channels, shape.height, shape.width)).shape == (2, 7)


def test_images_below_16_pixels_are_declined():
    with pytest.raises(Skip, match="images of 15x28"):
        LenetMcn().build(Shape(1, 15, 28), 10)


@pytest.mark.parametrize(("purpose", "epochs", "rate"), [("train", 20, 1e-3), ("finetune", 15, 1e-5)])
def test_the_papers_recipes(purpose, epochs, rate):
    budget = Budget("paper", epochs=20, finetune_epochs=15, recipes="paper")
    assert LenetMcn().recipe(purpose, budget) == Recipe(epochs, rate, 100, "sgd", "constant", weight_decay=5e-4)


@pytest.mark.parametrize("recipes", ["fast", "paper"])
def test_two_epochs_of_500_digits_beat_guessing(recipes):
    part = Mnist5k().load([]).train
    images, labels = torch.from_numpy(part.images[:500]).float() / 255, torch.from_numpy(part.labels[:500])
    seed_torch(0, "weights")
    module = LenetMcn().build(MNIST, 10)
    LenetMcn().prepare(module, images)
    recipe = LenetMcn().recipe("train", Budget("tiny", epochs=2, recipes=recipes))
    fit_classifier(module, lambda epoch: images, labels, recipe, seed=0)
    assert (forward(module, images).argmax(1) == labels).float().mean() > (0.5 if recipes == "fast" else 0.12)
