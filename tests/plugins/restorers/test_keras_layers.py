"""Layers that do what Keras's do, and images of other sizes."""

import pytest
import torch
from blurbench_restorers.networks.flips import flip
from blurbench_restorers.networks.keras import ConvUp, Norm, conv, initialise
from blurbench_restorers.networks.sizes import doubled, padded, shrunk
from torch import nn

from tests.plugins.restorers.keras_reference import transposed_same


def test_a_stride_of_2_reads_each_even_pixel_and_its_neighbours_after_it():
    layer = conv(1, 1, 3, stride=2)
    layer[1].weight.data = torch.ones(1, 1, 3, 3)
    # Rows 0 1 2, 2 3 and columns alike: the third row and column of the second window lie beyond the border.
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert layer(image).tolist() == [[[[45, 39], [66, 50]]]]


@pytest.mark.parametrize("kernel", [2, 3, 4, 5])
def test_a_step_up_is_the_adjoint_of_a_step_down_plus_a_bias(kernel):
    up, x = ConvUp(3, 2, kernel).double(), torch.randn(2, 3, 5, 4, dtype=torch.float64)
    assert torch.allclose(up(x), transposed_same(x, up.weight, up.bias))


def test_a_norm_starts_from_the_first_batch_and_ends_up_as_slow_as_keras_s():
    layer = Norm(1)
    layer(torch.tensor([[[[3.0]]], [[[5.0]]]]))
    assert layer.running_mean.item() == pytest.approx(4)
    layer.steps = 5000
    layer(torch.zeros(2, 1, 1, 1))
    assert layer.running_mean.item() == pytest.approx(0.99 * 4)


def test_a_norm_divides_by_the_root_of_variance_plus_a_thousandth():
    layer = Norm(1).eval()
    layer.running_var.fill_(0.008)
    assert layer(torch.ones(1, 1, 1, 1)).item() == pytest.approx((0.008 + 0.001) ** -0.5)


def test_weights_start_glorot_uniform_and_biases_at_zero():
    layers = nn.Sequential(conv(8, 24, 5, bias=True), ConvUp(8, 24, 5), nn.Linear(400, 400))
    initialise(layers)
    for layer, limit in zip(layers, [(6 / 800) ** 0.5] * 3, strict=True):
        assert layer.weight.abs().max() <= limit
        assert layer.weight.std().item() == pytest.approx(limit / 3**0.5, rel=0.03)
        assert not layer.bias.any()


def test_padding_repeats_the_last_row_and_column():
    assert padded(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), 4).tolist() == [
        [[[1, 2, 2, 2], [3, 4, 4, 4], [3, 4, 4, 4], [3, 4, 4, 4]]]
    ]
    assert padded(torch.zeros(2, 1, 28, 27), 8).shape == (2, 1, 32, 32)


def test_shrinking_takes_the_mean_of_four_pixels_or_of_the_middle_four_of_sixteen():
    images = torch.rand(2, 3, 9, 8)
    halves = (
        images[..., 0:8:2, ::2] + images[..., 1:8:2, ::2] + images[..., 0:8:2, 1::2] + images[..., 1:8:2, 1::2]
    ) / 4
    middle = (
        images[..., 1:8:4, 1::4] + images[..., 2:8:4, 1::4] + images[..., 1:8:4, 2::4] + images[..., 2:8:4, 2::4]
    ) / 4
    assert torch.allclose(shrunk(images, 2), halves)
    assert torch.allclose(shrunk(images, 4), middle)
    assert shrunk(images, 1) is images


def test_doubling_is_bilinear():
    row = torch.tensor([[[[0.0, 4.0]]]])
    assert doubled(row).tolist() == [[[[0, 1, 3, 4], [0, 1, 3, 4]]]]


def test_a_quarter_of_the_images_is_mirrored_in_each_way():
    image = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    given = flip(image.expand(2000, 1, 2, 2), [], torch.Generator().manual_seed(0))
    corners, counts = given[:, 0, 0, 0].unique(return_counts=True)
    assert corners.tolist() == [1, 2, 3, 4]
    assert (counts - 500).abs().max() < 80  # four standard deviations
    assert all(sorted(row.flatten().tolist()) == [1, 2, 3, 4] for row in given[:20])
