"""The classifier `timm`."""

import os
import subprocess
import sys

import pytest
import torch
from blurbench_classifiers.published import Published
from blurbench_classifiers.timm import Timm
from blurbench_classifiers.torchvision import Torchvision

from blurbench.contract import PatchClassifier, Shape
from blurbench.errors import Skip, Unavailable, UnknownName, UsageError


def test_a_resnet_takes_small_grey_images_from_scratch():
    module = Timm(model="test_resnet").build(Shape(1, 28, 28), 10)
    assert module.resized(torch.rand(2, 1, 28, 28)).shape == (2, 1, 32, 32)
    assert module.train()(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_a_network_of_one_fixed_size_gets_images_of_that_size():
    module = Timm(model="test_vit").build(Shape(3, 32, 48), 10)
    assert module.resized(torch.rand(2, 3, 32, 48)).shape == (2, 3, 160, 160)
    assert module(torch.rand(2, 3, 32, 48)).shape == (2, 10)


@pytest.mark.parametrize("classifier", [Timm(model="test_resnet"), Torchvision(model="shufflenet_v2_x0_5")])
def test_a_published_network_works_with_its_channels_last_and_answers_as_ever(classifier: Published) -> None:
    module = classifier.build(Shape(3, 64, 64), 10).eval()
    assert all(
        layer.weight.is_contiguous(memory_format=torch.channels_last)
        for layer in module.modules()
        if isinstance(layer, torch.nn.Conv2d)
    )
    images = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        answers = module(images)
        module.to(memory_format=torch.contiguous_format)
        torch.testing.assert_close(answers, module(images))


def test_colours_are_standardised_as_timm_states_for_the_network():
    module = Timm(model="test_resnet").build(Shape(3, 32, 32), 5).eval()
    images = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(module(images), module.network((images - 0.5) / 0.5))


@pytest.mark.parametrize("name", ["test_resnet", "test_vit", "test_convnext", "test_efficientnet"])
def test_no_parameter_is_in_two_units_and_what_is_in_none_is_no_layer(name):
    classifier = Timm(model=name)
    module = classifier.build(Shape(3, 160, 160), 5)
    units = classifier.units(module)
    in_units = [id(value) for unit in units for layer in unit for value in layer.parameters()]
    assert len(in_units) == len(set(in_units))
    outside = {path.rpartition(".")[2] for path, value in module.named_parameters() if id(value) not in set(in_units)}
    assert outside <= {"cls_token", "pos_embed", "reg_token", "gamma"}
    assert all(next(unit[0].parameters()).ndim > 1 for unit in units)


def test_resnet18_has_a_unit_for_each_of_its_layers():
    classifier = Timm(model="resnet18")
    with torch.device("meta"):
        module = classifier.build(Shape(3, 64, 64), 1000)
    assert len(classifier.units(module)) == 1 + 16 + 3 + 1
    assert sum(value.numel() for value in module.parameters()) == 11_689_512


def test_images_on_which_a_network_fails_are_declined_unless_enlarged():
    with torch.device("meta"):
        with pytest.raises(Skip, match=r"inception_v4 does not work on images of 3x32x32; a larger side= may help"):
            Timm(model="inception_v4").build(Shape(3, 32, 32), 10)
        Timm(model="inception_v4", side=80).build(Shape(3, 32, 32), 10)


def test_mistakes_are_refused_in_one_line():
    with pytest.raises(UnknownName, match="unknown timm model 'resnet181'; did you mean 'resnet18'"):
        Timm(model="resnet181").build(Shape(3, 32, 32), 10)
    with pytest.raises(UsageError, match="test_vit takes images of 160 pixels only"):
        Timm(model="test_vit", side=64).build(Shape(3, 32, 32), 10)
    with pytest.raises(Skip, match="not 4 channels"):
        Timm(model="test_vit").build(Shape(4, 32, 32), 10)


def test_a_network_without_weights_says_so_in_one_line():
    with pytest.raises(Unavailable, match=r"timm's weights of mixer_s32_224 are not here .*HF_HOME") as caught:
        Timm(model="mixer_s32_224", pretrained=True).build(Shape(3, 224, 224), 10)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_weights_that_cannot_be_downloaded_are_one_line_that_says_how_to_get_them(tmp_path):
    code = """
from blurbench_classifiers.published import Published
from blurbench_classifiers.timm import Timm
from blurbench_classifiers.torchvision import Torchvision
from blurbench.errors import Unavailable
from blurbench.contract import Shape
try:
    Timm(model="test_resnet", pretrained=True).build(Shape(3, 32, 32), 10)
except Unavailable as error:
    print(error)
"""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert "timm's weights of test_resnet are not here" in done.stdout
    assert done.stdout.count("\n") == 1


def test_masking_patches_is_left_to_vit():
    assert not issubclass(Timm, PatchClassifier)


@pytest.mark.parametrize(
    ("pretrained", "classes", "whole"), [(True, 1000, True), (True, 10, False), (False, 1000, False)]
)
def test_weights_are_whole_only_for_the_classes_that_they_were_fitted_to(pretrained, classes, whole):
    assert Timm(model="resnet18", pretrained=pretrained).has_weights(classes) is whole
