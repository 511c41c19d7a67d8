"""The restorer `unet`."""

import math
from dataclasses import replace

import pytest
import torch
from blurbench_blurs.gaussian import Gaussian
from blurbench_datasets.digits import Digits
from blurbench_restorers.networks.unet import Prelu, rotate_and_flip, turned
from blurbench_restorers.unet import Unet
from torch import nn
from torch.nn import functional as F
from torchvision.transforms.functional import rotate

from blurbench.contract import Budget, ImageSet, Recipe, RestorerJob, Shape
from blurbench.errors import UsageError
from blurbench.imaging.draws import Draws
from blurbench.training import fit_restorer, forward, seed_torch

GREY = Shape(1, 28, 28)
SMALL = Unet(kernel=3, widths=(4, 8, 8))


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def digits(count: int) -> ImageSet:
    part = Digits().load([]).train
    images = torch.from_numpy(part.images[:count]).float() / 255
    return ImageSet(images, torch.from_numpy(part.labels[:count]), torch.arange(count))


def blur(images: ImageSet, epoch: int):
    return Gaussian(1.5).degrade(images.images, Draws(images.ids, 0, ("train", epoch)))


# --- the network ---------------------------------------------------------------------------------------------------


def test_unet_has_the_published_number_of_parameters():
    assert parameters(Unet().build(GREY)) == 11_619_586
    assert parameters(Unet(kernel=3, widths=(32, 64, 128)).build(GREY)) == 323_970


def test_table_1_has_a_9x9_end_no_prelu_and_norms_of_half_the_channels():
    # With the code's norms it would have 11,624,705: weights and biases of 128 + 64 channels fewer.
    assert parameters(Unet(variant="table1").build(GREY)) == 11_624_705 - 2 * (128 + 64)


@pytest.mark.parametrize("variant", ["code", "table1"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 16, 16), (3, 30, 19), (1, 5, 3)])
def test_restored_images_have_the_shape_of_the_blurred_ones(shape, variant):
    network = Unet(kernel=5, widths=(2, 3, 4), variant=variant).build(Shape(*shape))
    assert network(torch.rand(2, *shape)).shape == (2, *shape)


def test_two_steps_of_stride_2_lead_to_the_deepest_layer():
    network, met = SMALL.build(GREY), []
    network.conv3.register_forward_hook(lambda layer, given, result: met.append(tuple(result.shape[1:])))
    network(torch.rand(1, 1, 28, 28))
    assert met == [(8, 7, 7)]


def test_the_whole_network_shares_one_slope():
    network = SMALL.build(GREY)
    assert [name for name, _ in network.named_parameters() if name.endswith("slope")] == ["activation.slope"]
    assert network.activation.slope.tolist() == [0.25]
    network(torch.rand(2, 1, 16, 16)).sum().backward()
    assert network.activation.slope.grad.abs() > 0


def test_the_activation_is_torch_s_prelu_gradients_included():
    ours = Prelu()
    x, slope = torch.randn(4, 3, 5, 5).requires_grad_(), torch.tensor([0.25], requires_grad=True)
    x.data[0, 0, 0] = 0.0
    weights = torch.randn(4, 3, 5, 5)
    results = [F.prelu(x, slope), ours(x)]
    gradients = [
        torch.autograd.grad((result * weights).sum(), [x, learned])
        for result, learned in zip(results, [slope, ours.slope], strict=True)
    ]
    torch.testing.assert_close(results[0], results[1])
    torch.testing.assert_close(gradients[0], gradients[1])


def test_weights_start_xavier_uniform_and_biases_as_asked():
    seed_torch(0, "weights")
    zeros, normal = (Unet(kernel=3, widths=(32, 64, 64), bias_init=how).build(GREY) for how in ("zeros", "normal"))
    bound = math.sqrt(6 / (9 * 64 + 9 * 64))
    assert zeros.up1.weight.shape == (64, 64, 3, 3)
    assert 0.95 * bound < zeros.up1.weight.abs().max() <= bound
    assert not zeros.conv4.bias.any()
    assert normal.conv4.bias.std().item() == pytest.approx(1, abs=0.3)


def test_an_even_kernel_is_refused(registry):
    with pytest.raises(UsageError, match="kernel must be odd, not 4"):
        registry.resolve("restorers", "unet[kernel=4]")


def test_unet_follows_the_paper_s_recipe_where_the_budget_says_so():
    expected = Recipe(50, 3e-4, batch_size=64, optimizer="adam", schedule="constant", patience=5)
    assert Unet().recipe(Budget("paper", restorer_epochs=50, recipes="paper")) == expected


# --- rotations and flips -------------------------------------------------------------------------------------------


def test_a_quarter_turn_and_a_flip_move_pixels_without_changing_them():
    images, straight, plus = torch.rand(2, 3, 8, 8), torch.zeros(2), torch.ones(2)
    assert torch.equal(turned(images, straight, plus), images)
    assert torch.equal(turned(images, straight, -plus), images.flip(3))
    assert torch.equal(turned(images, math.pi / 2 * plus, plus), torch.rot90(images, 1, (2, 3)))
    assert torch.equal(turned(images, math.pi / 2 * plus, -plus), torch.rot90(images.flip(3), 1, (2, 3)))


@pytest.mark.parametrize("size", [(16, 16), (12, 20)])
@pytest.mark.parametrize("degrees", [-140.0, -33.0, 17.0, 90.0])
def test_a_turn_is_torchvision_s_nearest_rotation(size, degrees):
    images = torch.rand(2, 1, *size)
    ours = turned(images, torch.full((2,), math.radians(degrees)), torch.ones(2))
    assert (ours != rotate(images, degrees)).float().mean() < 0.01  # a few points lie half-way between two pixels


def test_one_draw_a_batch_or_one_an_image():
    images = torch.rand(1, 1, 64, 64).expand(12, 1, 64, 64)
    batches = list(torch.randperm(12).split(4))
    together = rotate_and_flip(images, batches, torch.Generator().manual_seed(0), "batch")
    alone = rotate_and_flip(images, batches, torch.Generator().manual_seed(0), "image")
    assert all(torch.equal(together[batch], together[batch[:1]].expand(4, 1, 64, 64)) for batch in batches)
    assert len(together.unique(dim=0)) == 3
    assert len(alone.unique(dim=0)) == 12


def test_half_of_the_images_are_mirrored():
    images = torch.zeros(400, 1, 33, 33)
    images[:, :, 14:19, 24:29] = 1  # to the right of the centre
    images[:, :, 4:9, 14:19] = 2  # above it: a quarter turn counter-clockwise from the first, clockwise once mirrored
    result = rotate_and_flip(images, [], torch.Generator().manual_seed(0), "image")[:, 0]
    axis = torch.arange(33.0) - 16
    centres = []
    for value in (1, 2):
        weights = (result == value).float() / (result == value).sum((1, 2), keepdim=True)
        centres.append((weights.sum(1) @ axis, -(weights.sum(2) @ axis)))
    (x1, y1), (x2, y2) = centres
    assert 0.4 < (x1 * y2 - y1 * x2 < 0).float().mean() < 0.6


# --- fitting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("augment", ["none", "batch", "image"])
def test_every_augmentation_fits_and_none_is_like_another(augment):
    images = digits(40)
    losses = []
    for how in {"none", augment}:
        seed_torch(0, "weights")
        restorer = replace(SMALL, augment=how)
        network = restorer.build(Shape(1, 16, 16))
        job = RestorerJob(images, images, blur, Budget("quick", restorer_epochs=2), seed=0)
        losses.append(restorer.fit(network, job)["train_loss"][0])
    assert len(set(losses)) == len({"none", augment})


@pytest.mark.slow
def test_sixteen_images_are_learned_by_heart():
    images, restorer = digits(16), Unet(kernel=3, widths=(16, 32, 64))
    seed_torch(0, "weights")
    network = restorer.build(Shape(1, 16, 16))
    fit_restorer(network, RestorerJob(images, images, blur, Budget("quick"), 0), Recipe(400, 1e-2, batch_size=16))

    def psnr(others: torch.Tensor) -> float:
        return -10 * math.log10((others - images.images).square().mean().item())

    blurred = blur(images, 0).images
    assert psnr(forward(network, blurred)) > psnr(blurred) + 10
