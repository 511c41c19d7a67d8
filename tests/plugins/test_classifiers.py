"""The classifiers `cnn3` and `vit`."""

import math

import numpy as np
import pytest
import scipy.ndimage
import torch
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_classifiers.networks.cnn3 import BlurPool
from blurbench_classifiers.vit import Vit
from blurbench_datasets.digits import Digits
from blurbench_datasets.mnist_5k import Mnist5k
from torch import nn

from blurbench.contract import Budget, Classifier, Degraded, ModulePredictor, Recipe, Shape
from blurbench.errors import Skip, UsageError
from blurbench.training import fit_classifier, seed_torch

MNIST, DIGITS = Shape(1, 28, 28), Shape(1, 16, 16)
NARROW = Cnn3((16, 32, 64))


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def as_tensors(split) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(split.images).float() / 255, torch.from_numpy(split.labels)


def accuracy(module: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> float:
    logits = ModulePredictor(module).predict(Degraded(images, None)).logits
    return (logits.argmax(1) == labels).float().mean().item()


# --- cnn3 ----------------------------------------------------------------------------------------------------------


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


# --- vit -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def transformer() -> nn.Module:
    seed_torch(0, "weights")
    return Vit(width=16, depth=2, heads=2).build(DIGITS, 10).eval()


def test_the_default_vit_has_the_parameters_of_its_layers():
    width, tokens = 96, 50
    block = 4 * width * width + 4 * width + 8 * width * width + 5 * width + 4 * width
    expected = 17 * width + (tokens + 1) * width + 4 * block + 2 * width + 10 * (width + 1)
    assert parameters(Vit().build(MNIST, 10)) == expected == 455_050


def test_keeping_every_patch_changes_nothing(transformer):
    images = torch.rand(3, 1, 16, 16)
    torch.testing.assert_close(transformer(images, torch.ones(3, 16, dtype=torch.bool)), transformer(images))


def test_an_image_is_classified_as_if_only_its_kept_tokens_existed(transformer):
    images, keep = torch.rand(9, 1, 16, 16), torch.rand(9, 16) < 0.5
    expected = []
    for image, kept in zip(images, keep, strict=True):
        patches = image.unfold(1, 4, 4).unfold(2, 4, 4).reshape(16, 16)  # row by row, one channel
        projection = transformer.patch_embed.proj
        tokens = patches @ projection.weight.view(16, 16).T + projection.bias + transformer.pos_embed[0, 1:]
        first = transformer.cls_token[0] + transformer.pos_embed[0, :1]
        sequence = torch.cat([first, tokens[kept]])[None]
        for block in transformer.blocks:
            sequence = block(sequence)
        expected.append(transformer.head(transformer.norm(sequence)[:, 0]))
    torch.testing.assert_close(transformer(images, keep), torch.cat(expected), atol=1e-5, rtol=1e-4)


def test_dropped_tokens_are_not_computed(transformer):
    met = []
    hook = transformer.blocks[0].register_forward_pre_hook(lambda block, given: met.append(given[0].shape[:2].numel()))
    keep = torch.zeros(4, 16, dtype=torch.bool)
    keep[0, :3] = keep[1, 5:8] = keep[2, 0] = True
    transformer(torch.rand(4, 1, 16, 16), keep)
    hook.remove()
    assert sum(met) == (1 + 3) + (1 + 3) + (1 + 1) + (1 + 0)


def test_without_any_patch_all_images_look_the_same(transformer):
    logits = transformer(torch.rand(2, 1, 16, 16), torch.zeros(2, 16, dtype=torch.bool))
    assert torch.equal(logits[0], logits[1])


def test_prepare_standardises_by_the_training_images_channel_by_channel():
    classifier = Vit(width=16, depth=1, heads=2)
    network = classifier.build(Shape(3, 8, 8), 10).eval()
    train = torch.rand(50, 3, 8, 8) * torch.tensor([0.2, 0.5, 1.0])[:, None, None]
    mean, deviation = train.mean((0, 2, 3), keepdim=True), train.std((0, 2, 3), keepdim=True)
    expected = network((train - mean) / deviation)
    classifier.prepare(network, train)
    torch.testing.assert_close(network(train), expected)
    assert {"mean", "deviation"} <= set(network.state_dict())


def test_vit_s_units_are_its_patches_its_blocks_and_its_head(transformer):
    units = Vit(width=16, depth=2, heads=2).units(transformer)
    first, second = transformer.blocks
    assert units == [[transformer.patch_embed], [first], [second, transformer.norm], [transformer.head]]


def test_vit_declines_images_that_its_patches_do_not_tile():
    with pytest.raises(Skip, match="patches of 5 pixels do not tile images of 16x16"):
        Vit(patch=5).build(DIGITS, 10)


def test_a_width_that_heads_do_not_divide_is_refused(registry):
    with pytest.raises(UsageError, match="multiple of 4 and of heads"):
        registry.resolve("classifiers", "vit[width=20, heads=3]")


# --- the quick budget ----------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("classifier", "wanted"), [(NARROW, 0.95), (Vit(), 0.85)])
def test_the_quick_budget_suffices_for_mnist_5k(classifier: Classifier, wanted: float):
    parts = Mnist5k().load([])
    images, labels = as_tensors(parts.train)
    seed_torch(0, "weights")
    network = classifier.build(MNIST, 10)
    classifier.prepare(network, images)
    fit_classifier(network, lambda epoch: images, labels, classifier.recipe("train", Budget("quick")), 0)
    assert accuracy(network, *as_tensors(parts.test)) >= wanted
