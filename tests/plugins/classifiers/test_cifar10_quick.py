"""The classifier `cifar10-quick` and its pre-processing."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from blurbench_classifiers.cifar10_quick import Cifar10Quick
from blurbench_classifiers.networks.cifar10_quick import Whitening
from blurbench_datasets.imagefolder import ImageFolder
from blurbench_datasets.photo_crops import PhotoCrops

from blurbench.contract import Budget, Recipe, Shape
from blurbench.errors import Skip

CIFAR = Shape(3, 32, 32)


def photographs() -> torch.Tensor:
    """Small pictures with real statistics: 8x8 pixels out of crops of photographs."""
    images = PhotoCrops().load([]).train.images[:, :, ::4, ::4]
    return torch.from_numpy(images.copy()).float() / 255


def test_it_has_the_145578_parameters_of_the_example():
    module = Cifar10Quick().build(CIFAR, 10)
    counts = [
        sum(value.numel() for layer in unit for value in layer.parameters()) for unit in Cifar10Quick().units(module)
    ]
    assert counts == [2_432, 25_632, 51_264, 65_600, 650]
    assert sum(counts) == sum(value.numel() for value in module.parameters()) == 145_578


@pytest.mark.parametrize("side", [8, 17, 28, 32])
def test_the_average_pool_of_ones_is_ones(side):
    pool = Cifar10Quick().build(Shape(1, 8, 8), 10).average_pool
    assert torch.equal(pool(torch.ones(1, 1, side, side)), torch.ones(1, 1, side // 2, side // 2))


def test_a_pool_window_that_leaves_the_image_averages_its_real_pixels():
    pool = Cifar10Quick().build(Shape(1, 8, 8), 10).average_pool
    image = torch.arange(16.0).view(1, 1, 4, 4)
    assert pool(image).flatten().tolist() == [5, 6.5, 11, 12.5]  # 3x3 at the top left, 2x2 at the bottom right


def test_the_first_unit_pools_before_its_relu_and_the_others_after():
    module = Cifar10Quick().build(CIFAR, 10).double()
    images = torch.rand(2, 3, 32, 32).double()
    pooled = []
    module.max_pool.register_forward_hook(lambda layer, inputs, output: pooled.append(inputs[0]))
    module.average_pool.register_forward_hook(lambda layer, inputs, output: pooled.append(inputs[0]))
    module(images)
    assert [features.shape[1:] for features in pooled] == [(32, 32, 32), (32, 16, 16), (64, 8, 8)]
    assert pooled[0].min() < 0
    assert pooled[1].min() == pooled[2].min() == 0


def test_whitening_follows_matconvnets_three_steps():
    images = photographs()
    whitening = Whitening(Shape(3, 8, 8)).double()
    whitening.prepare(images.double())

    # Written anew in NumPy, one image a column as there.
    data = 255 * images.double().numpy().reshape(len(images), -1).T
    mean = data.mean(axis=1, keepdims=True)
    centred = data - mean
    centred = centred - centred.mean(axis=0)
    deviations = centred.std(axis=0, ddof=1)
    equal = centred * (deviations.mean() / np.maximum(deviations, 40))
    variances, vectors = np.linalg.eig(equal @ equal.T / len(images))
    gains = np.sqrt(variances.real.mean()) / np.maximum(np.sqrt(np.maximum(variances.real, 0)), 10)
    expected = (vectors.real * gains) @ vectors.real.T @ equal

    assert np.abs(whitening(images.double()).numpy().reshape(len(images), -1).T - expected).max() < 1e-6
    torch.testing.assert_close(whitening.mean.flatten(), torch.from_numpy(mean[:, 0]))


def test_strong_directions_get_equal_variance_and_weak_ones_are_held_down():
    images = photographs().double()
    whitening = Whitening(Shape(3, 8, 8)).double()
    whitening.prepare(images)
    before, after = whitening._equal_contrast(images), whitening(images).flatten(1)
    variances, directions = torch.linalg.eigh(before.T @ before / len(images))
    strong = variances.sqrt() > 10
    new = (after @ directions).square().mean(dim=0)
    assert 5 < strong.sum() < len(strong)
    torch.testing.assert_close(new[strong], variances.mean().expand(int(strong.sum())))
    assert (new[~strong] < variances.mean()).all()


def test_a_flat_image_is_no_division_by_zero():
    whitening = Whitening(Shape(3, 8, 8))
    whitening.prepare(photographs())
    assert torch.isfinite(whitening(torch.full((1, 3, 8, 8), 0.5))).all()


def test_the_statistics_are_stored_with_the_weights():
    state = Cifar10Quick().build(Shape(1, 8, 8), 10).state_dict()
    assert {"whitening.mean", "whitening.contrast", "whitening.matrix"} < state.keys()


@pytest.mark.parametrize("shape", [Shape(1, 28, 28), Shape(3, 8, 12)])
def test_other_sizes_and_colours_are_taken(shape):
    module = Cifar10Quick().build(shape, 7)
    images = torch.rand(5, shape.channels, shape.height, shape.width)
    Cifar10Quick().prepare(module, images)
    assert module(images).shape == (5, 7)


@pytest.mark.parametrize(("shape", "reason"), [(Shape(1, 7, 28), "poolings"), (Shape(3, 64, 64), "too large")])
def test_too_small_and_too_large_images_are_declined(shape, reason):
    with pytest.raises(Skip, match=reason):
        Cifar10Quick().build(shape, 10)


def test_the_papers_recipe_has_the_rate_of_most_weights():
    budget = Budget("paper", epochs=45, finetune_epochs=30, recipes="paper")
    assert Cifar10Quick().recipe("train", budget) == Recipe(45, 5e-3, 100, "sgd", "constant", 1e-4)
    assert Cifar10Quick().recipe("finetune", budget) == Recipe(30, 5e-5, 100, "sgd", "constant", 1e-4)


@pytest.mark.data
def test_on_cifar10_white_noise_is_amplified_by_about_4_and_a_half():
    dataset = ImageFolder(path="cifar10-jpg.zip", side=32)
    train = dataset.load([Path(os.environ["BLURBENCH_DATA"])]).train
    images = torch.from_numpy(train.images[:5200]).float() / 255
    whitening = Whitening(CIFAR)
    whitening.prepare(images[:5000])
    clean, noise = images[5000:], 4 / 255 * torch.randn(200, 3, 32, 32)
    assert (whitening(clean + noise) - whitening(clean)).std() / 4 == pytest.approx(4.5, abs=0.3)
