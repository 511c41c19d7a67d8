"""The classifier `cnn3`."""

import math

import numpy as np
import pytest
import scipy.ndimage
import torch
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_classifiers.networks.cnn3 import BlurPool
from blurbench_datasets.digits import Digits
from torch import nn

from blurbench.contract import Budget, Recipe, Shape
from blurbench.errors import Skip
from blurbench.training import fit_classifier, seed_torch
from tests.plugins.classifiers.measured import DIGITS, MNIST, NARROW, accuracy, as_tensors, parameters


@pytest.mark.parametrize(
    ("classifier", "shape", "classes", "expected"),
    [
        (Cnn3(), MNIST, 10, 269_002),
        (Cnn3(), MNIST, 47, 311_663),
        (Cnn3(), DIGITS, 10, 262_602),
        (NARROW, MNIST, 10, 70_506),
        (NARROW, MNIST, 47, 91_855),
        (NARROW, DIGITS, 10, 67_306),
    ],
)
def test_cnn3_has_the_paper_s_number_of_parameters(classifier, shape, classes, expected):
    assert parameters(classifier.build(shape, classes)) == expected


def test_cnn3_starts_with_xavier_uniform_weights_and_zero_biases():
    seed_torch(0, "weights")
    network = Cnn3().build(MNIST, 10)
    for layer in (*network.convolutions, network.linear):
        bound = math.sqrt(6 / (layer.weight[0].numel() + layer.weight[:, 0].numel()))
        assert 0.95 * bound < layer.weight.abs().max() <= bound
        assert not layer.bias.any()


@pytest.mark.parametrize("pool", ["max", "blur"])
def test_a_block_of_cnn3_is_a_convolution_a_norm_relu_and_pooling(pool):
    network = Cnn3(pool=pool).build(DIGITS, 10).eval()
    features = images = torch.randn(3, 1, 16, 16)
    for convolution, norm in zip(network.convolutions, network.norms, strict=True):
        features = network.pool(norm(convolution(features)).relu())
    torch.testing.assert_close(network(images), network.linear(features.flatten(1)))


def test_cnn3_s_units_are_its_four_layers_each_with_its_norm():
    network = NARROW.build(MNIST, 10)
    kinds = [[type(layer) for layer in unit] for unit in NARROW.units(network)]
    assert kinds == [[nn.Conv2d, nn.BatchNorm2d]] * 3 + [[nn.Linear]]
    assert [sum(map(parameters, unit)) for unit in NARROW.units(network)] == [448, 12_896, 51_392, 5_770]


def test_the_group_norm_twin_has_as_many_parameters_and_looks_at_each_image_by_itself():
    twin = Cnn3(norm="group").build(MNIST, 10)
    assert parameters(twin) == parameters(Cnn3().build(MNIST, 10))
    images = torch.rand(5, 1, 28, 28)
    torch.testing.assert_close(twin.train()(images)[2:3], twin.eval()(images[2:3]), atol=1e-5, rtol=1e-4)
    features = torch.rand(2, 64, 6, 6) * torch.arange(1, 65)[:, None, None]
    groups = twin.norms[1](features).view(2, 8, -1)
    torch.testing.assert_close(groups.mean(-1), torch.zeros(2, 8), atol=1e-5, rtol=0)
    torch.testing.assert_close(groups.var(-1, correction=0), torch.ones(2, 8), atol=1e-3, rtol=0)
    assert [norm.num_groups for norm in Cnn3((6, 8, 9), norm="group").build(MNIST, 10).norms] == [2, 8, 1]


@pytest.mark.parametrize("size", [(28, 28), (9, 12), (2, 3)])
def test_blur_pooling_is_the_low_passed_maximum_at_every_second_pixel(size):
    x = np.random.default_rng(0).random(size, dtype=np.float32)
    rows, columns = size
    highest = np.array([[x[i : i + 2, j : j + 2].max() for j in range(columns - 1)] for i in range(rows - 1)])
    smooth = scipy.ndimage.convolve(highest, np.outer([1, 2, 1], [1, 2, 1]) / 16, mode="nearest")
    found = BlurPool()(torch.from_numpy(x)[None, None])[0, 0]
    assert found.shape == (rows // 2, columns // 2)
    np.testing.assert_allclose(found.numpy(), smooth[::2, ::2][: rows // 2, : columns // 2], atol=1e-6)


def test_blur_pooling_shifts_less_with_the_image_than_max_pooling():
    x = torch.nn.functional.avg_pool2d(torch.rand(8, 4, 40, 40), 3, 1)
    for pool, least, most in ((BlurPool(), 0, 0.7), (nn.MaxPool2d(2), 1, 1)):
        change = (pool(x[..., 1:]) - pool(x[..., :-1])).square().mean()
        reference = (nn.MaxPool2d(2)(x[..., 1:]) - nn.MaxPool2d(2)(x[..., :-1])).square().mean()
        assert least <= change / reference <= most


def test_cnn3_with_blur_pooling_fits_the_same_images():
    assert Cnn3((2, 3, 4), pool="blur").build(Shape(3, 17, 8), 5)(torch.rand(2, 3, 17, 8)).shape == (2, 5)


def test_cnn3_takes_colour_and_sides_that_are_no_multiple_of_8():
    assert Cnn3((2, 3, 4)).build(Shape(3, 17, 30), 5)(torch.rand(2, 3, 17, 30)).shape == (2, 5)


def test_cnn3_declines_images_that_its_poolings_use_up():
    with pytest.raises(Skip, match="7x20"):
        Cnn3().build(Shape(1, 7, 20), 10)


def test_cnn3_follows_the_paper_s_recipe_where_the_budget_says_so():
    expected = Recipe(50, 1e-4, batch_size=64, optimizer="adam", schedule="constant", patience=5)
    assert Cnn3().recipe("train", Budget("paper", epochs=50, recipes="paper")) == expected


def test_cnn3_learns_digits_in_a_moment():
    classifier, parts = Cnn3((8, 8, 8)), Digits().load([])
    seed_torch(0, "weights")
    network = classifier.build(DIGITS, 10)
    images, labels = as_tensors(parts.train)
    fit_classifier(network, lambda epoch: images, labels, classifier.recipe("train", Budget("quick")), 0)
    assert accuracy(network, *as_tensors(parts.test)) > 0.85
