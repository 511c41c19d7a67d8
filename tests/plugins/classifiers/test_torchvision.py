"""The classifier `torchvision`."""

import pytest
import torch
from blurbench_classifiers.torchvision import DEVIATION, MEAN, WITHOUT_NORMS, Torchvision
from blurbench_strategies.first_n import FirstN
from torch import nn
from torchvision import models

from blurbench.contract import Budget, Recipe, Shape
from blurbench.errors import Skip, Unavailable, UnknownName, UsageError

IMAGENET = Shape(3, 224, 224)


def on_meta(name: str) -> tuple[Torchvision, nn.Module]:
    classifier = Torchvision(model=name)
    with torch.device("meta"):
        return classifier, classifier.build(IMAGENET, 1000)


def count(layers) -> int:
    return sum(value.numel() for layer in layers for value in layer.parameters())


@pytest.mark.parametrize(
    ("name", "parameters", "units"),
    [
        ("resnet50", 25_557_032, 1 + 16 * 3 + 4 + 1),
        ("vgg19", 143_667_240, 19),
        ("googlenet", 6_624_904, 3 + 9 * 6 + 1),
        ("alexnet", 61_100_840, 8),
        ("vit_b_16", 86_567_656, 1 + 12 * 3 + 1),
    ],
)
def test_networks_have_the_published_sizes_and_a_unit_a_layer(name, parameters, units):
    classifier, module = on_meta(name)
    assert count([module]) == parameters
    assert len(classifier.units(module)) == units


def test_alexnets_first_three_units_have_994624_parameters():
    classifier, module = on_meta("alexnet")
    learning = FirstN(n=3).learning(module, classifier.units(module))
    assert sum(value.numel() for value in learning) == 23_296 + 307_392 + 663_936 == 994_624


def test_in_a_resnet_each_norm_goes_with_the_convolution_before_it_and_no_parameter_is_in_two_units():
    classifier, module = on_meta("resnet50")
    *convolutions, last = classifier.units(module)
    assert all(convolution.out_channels == norm.num_features for convolution, norm in convolutions)
    assert len(last) == 1
    assert sum(map(count, [*convolutions, last])) == count([module])


def test_colours_are_standardised_and_grey_becomes_rgb():
    module = Torchvision(model="squeezenet1_1").build(Shape(1, 32, 32), 5).eval()
    grey = torch.rand(2, 1, 32, 32)
    expected = torch.cat([(grey - mean) / deviation for mean, deviation in zip(MEAN, DEVIATION, strict=True)], dim=1)
    torch.testing.assert_close(module(grey), module.network(expected))


@pytest.mark.parametrize(
    ("name", "side", "shape", "size"),
    [
        ("alexnet", None, Shape(1, 28, 28), (63, 63)),
        ("resnet18", None, Shape(3, 28, 40), (28, 40)),
        ("resnet18", 56, Shape(3, 28, 42), (56, 84)),
        ("resnet18", 56, Shape(3, 90, 60), (90, 60)),
    ],
)
def test_images_too_small_are_enlarged_and_others_kept(name, side, shape, size):
    module = Torchvision(model=name, side=side).build(shape, 4)
    assert module.resized(torch.rand(2, shape.channels, shape.height, shape.width)).shape[-2:] == size


def test_enlarging_is_bilinear():
    module = Torchvision(model="resnet18", side=8).build(Shape(1, 4, 4), 2)
    columns = module.resized(torch.arange(4.0).expand(1, 1, 4, 4))[0, 0, 0]
    torch.testing.assert_close(columns, torch.tensor([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]))


def test_small_digits_go_through_a_network_for_photographs_also_when_it_is_fitted():
    module = Torchvision(model="googlenet").build(Shape(1, 28, 28), 10)
    assert module.train()(torch.rand(2, 1, 28, 28)).shape == (2, 10)


def test_weights_are_kept_but_for_a_last_layer_of_other_size(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    stored = models.squeezenet1_1().state_dict()
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    torch.save(stored, folder / models.SqueezeNet1_1_Weights.IMAGENET1K_V1.url.rpartition("/")[2])
    classifier = Torchvision(model="squeezenet1_1", weights="imagenet1k-v1")
    whole, headless = (classifier.build(IMAGENET, classes).network.state_dict() for classes in (1000, 10))
    assert all(torch.equal(whole[name], stored[name]) for name in stored)
    changed = {name for name in stored if not torch.equal(headless[name], stored[name])}
    assert changed == {"classifier.1.weight", "classifier.1.bias"}


def test_a_file_with_another_networks_weights_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    name = models.SqueezeNet1_1_Weights.IMAGENET1K_V1.url.rpartition("/")[2]
    torch.save(models.squeezenet1_0().state_dict(), folder / name)
    with pytest.raises(UsageError, match="do not fit at features"):
        Torchvision(model="squeezenet1_1", weights="imagenet1k-v1").build(IMAGENET, 10)


def test_weights_that_cannot_be_had_are_one_line_that_says_where_to_put_them(tmp_path, monkeypatch):
    (tmp_path / "file").touch()  # no folder can be made in a file, so nothing is downloaded
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    with pytest.raises(Unavailable) as caught:
        Torchvision(model="squeezenet1_1", weights="imagenet1k-v1").build(IMAGENET, 10)
    message = str(caught.value)
    assert "https://download.pytorch.org/models/squeezenet1_1" in message
    assert f"put it into {tmp_path}/file/hub/checkpoints" in message
    assert "\n" not in message


def test_mistakes_are_refused_in_one_line():
    with pytest.raises(UnknownName, match="unknown torchvision model 'resnet5'; did you mean 'resnet50'"):
        Torchvision(model="resnet5").build(IMAGENET, 10)
    with pytest.raises(UsageError, match="alexnet takes images of 63 pixels or more"):
        Torchvision(model="alexnet", side=32).build(IMAGENET, 10)
    with pytest.raises(UsageError, match="no weights imagenet1k-v1 of vit_h_14"), torch.device("meta"):
        Torchvision(model="vit_h_14", weights="imagenet1k-v1").build(IMAGENET, 10)
    with pytest.raises(Skip, match="not 2 channels"):
        Torchvision(model="alexnet").build(Shape(2, 64, 64), 10)


def test_the_reference_recipes_start_lower_for_networks_without_norms():
    budget = Budget("paper", epochs=90, finetune_epochs=20, recipes="paper")
    assert Torchvision("resnet50").recipe("train", budget) == Recipe(90, 0.1, 256, "sgd", weight_decay=1e-4)
    assert Torchvision("vgg19").recipe("train", budget) == Recipe(90, 0.01, 256, "sgd", weight_decay=1e-4)
    assert Torchvision("alexnet").recipe("finetune", budget) == Recipe(20, 1e-4, 256, "sgd", weight_decay=5e-4)
    assert set(WITHOUT_NORMS) < set(models.list_models(module=models))


@pytest.mark.parametrize(
    ("weights", "classes", "whole"),
    [("imagenet1k-v1", 1000, True), ("imagenet1k-v1", 10, False), ("none", 1000, False)],
)
def test_weights_are_whole_only_for_the_classes_of_imagenet(weights, classes, whole):
    assert Torchvision(model="resnet18", weights=weights).has_weights(classes) is whole
