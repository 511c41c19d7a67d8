"""The classifier `resnet-cifar`, against the paper's figures and a forward pass of its own."""

from __future__ import annotations

import pytest
import torch
from blurbench_classifiers.networks.resnet_cifar import Block
from blurbench_classifiers.resnet_cifar import ResnetCifar
from torch.nn import functional as F

from blurbench.contract import Budget, Shape
from blurbench.errors import Skip, UsageError
from blurbench.registry import Registry

CIFAR = Shape(3, 32, 32)


@pytest.mark.parametrize(("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7)])
def test_it_has_the_parameters_that_table_6_of_the_paper_states(depth: int, millions: float) -> None:
    module = ResnetCifar(depth).build(CIFAR, 10)
    count = sum(parameter.numel() for parameter in module.parameters()) / 1e6
    assert count == pytest.approx(millions, abs=0.05 if depth == 110 else 0.005)


def test_it_has_a_unit_for_each_of_its_layers_in_their_order() -> None:
    classifier = ResnetCifar(20)
    module = classifier.build(CIFAR, 10)
    units = classifier.units(module)
    assert len(units) == 20
    held = [parameter for unit in units for layer in unit for parameter in layer.parameters()]
    assert [id(one) for one in held] == [id(one) for one in module.parameters()]


@pytest.mark.parametrize(("inputs", "outputs"), [(4, 4), (4, 8)])
def test_a_shortcut_leaves_out_every_second_pixel_and_adds_channels_of_zeros(inputs: int, outputs: int) -> None:
    torch.manual_seed(1)
    block, images = Block(inputs, outputs).eval(), torch.rand(2, inputs, 7, 6)
    stride = 1 if inputs == outputs else 2
    inner = block.norm1(F.conv2d(images, block.convolution1.weight, stride=stride, padding=1)).relu()
    summed = block.norm2(F.conv2d(inner, block.convolution2.weight, padding=1))
    summed[:, :inputs] += images[:, :, ::stride, ::stride]
    torch.testing.assert_close(block(images), summed.relu())


def test_colours_are_standardised_by_the_training_images() -> None:
    module = ResnetCifar(8).build(CIFAR, 10)
    images = torch.rand(20, 3, 32, 32) * torch.tensor([1, 0.5, 0])[:, None, None]
    ResnetCifar(8).prepare(module, images)
    torch.testing.assert_close(module.mean.flatten(), images.mean(dim=(0, 2, 3)))
    assert torch.isfinite(module.eval()(images)).all()  # a colour that never varies is no division by zero


def test_images_are_mirrored_and_moved_in_every_fit() -> None:
    for recipes in ("fast", "paper"):
        budget = Budget("own", epochs=7, finetune_epochs=3, recipes=recipes)
        assert [ResnetCifar().recipe(purpose, budget).epochs for purpose in ("train", "finetune")] == [7, 3]
        assert ResnetCifar().recipe("train", budget).augment == "flip-crop"


def test_other_depths_and_images_that_are_too_small_are_refused_in_one_line(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"depth must be 6n \+ 2, as 8, 14 or 20, not 21"):
        registry.resolve("classifiers", "resnet-cifar[depth=21]")
    with pytest.raises(Skip, match="two halvings leave nothing of images of 3x32"):
        ResnetCifar(8).build(Shape(3, 3, 32), 10)
