"""NAFNet: its parts against numpy, its size against the paper."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from blurbench_restorers.nafnet import Nafnet
from blurbench_restorers.networks.nafnet import Block, psnr_loss

from blurbench.contract import Budget, ImageSet, RestorerJob, Shape
from blurbench.errors import UsageError
from blurbench.registry import Registry
from blurbench.training import forward, seed_torch

Job = Callable[[int, ImageSet], RestorerJob]
SMALL = Nafnet(4)


def parameters(module: torch.nn.Module) -> int:
    return sum(value.numel() for value in module.parameters())


def test_the_paper_s_network_for_gopro_has_its_17_1_million_parameters() -> None:
    with torch.device("meta"):
        network = Nafnet(32, (1, 1, 1, 28), 1, (1, 1, 1, 1)).build(Shape(3, 256, 256))
    assert parameters(network) == 17_111_907


@pytest.mark.parametrize("size", [(1, 28, 28), (3, 32, 32), (3, 27, 19), (1, 5, 3)])
def test_it_starts_near_the_identity_on_images_of_any_size(size: tuple[int, int, int]) -> None:
    network = SMALL.build(Shape(*size)).eval()
    torch.nn.init.zeros_(network.end.weight)  # type: ignore[arg-type, union-attr]
    torch.nn.init.zeros_(network.end.bias)  # type: ignore[arg-type, union-attr]
    images = torch.rand(2, *size)
    assert torch.equal(forward(network, images), images)


def normalised(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-6)


def mixed(layer: torch.nn.Conv2d, x: np.ndarray) -> np.ndarray:
    weights, bias = layer.weight.detach().numpy()[:, :, 0, 0], layer.bias.detach().numpy()  # type: ignore[union-attr]
    return np.einsum("oc,chw->ohw", weights, x) + bias[:, None, None]


def test_a_block_is_the_paper_s_written_out() -> None:
    seed_torch(0, "weights")
    block = Block(3)
    torch.nn.init.normal_(block.beta)
    torch.nn.init.normal_(block.gamma)
    x = torch.rand(1, 3, 6, 5)
    _, widen, depthwise, _, attention, narrow = block.spatial
    y = mixed(widen, normalised(x[0].numpy()))
    padded = np.pad(y, ((0, 0), (1, 1), (1, 1)))
    kernels = depthwise.weight.detach().numpy()[:, 0]
    z = sum(kernels[:, i, j, None, None] * padded[:, i : i + 6, j : j + 5] for i in range(3) for j in range(3))
    z = z + depthwise.bias.detach().numpy()[:, None, None]
    gated = z[:3] * z[3:]
    gated = gated * mixed(attention.weigh, gated.mean((1, 2), keepdims=True))
    first = x[0].numpy() + block.beta.detach().numpy() * mixed(narrow, gated)
    _, widen, _, narrow = block.pointwise
    y = mixed(widen, normalised(first))
    expected = first + block.gamma.detach().numpy() * mixed(narrow, y[:3] * y[3:])
    np.testing.assert_allclose(block(x)[0].detach().numpy(), expected, atol=1e-5)


def test_every_parameter_learns_once_branches_count(digits: ImageSet) -> None:
    seed_torch(0, "weights")
    network = SMALL.build(Shape(1, 12, 12)).train()
    for name, value in network.named_parameters():
        if name.endswith(("beta", "gamma")):
            torch.nn.init.ones_(value)
    network(digits.images).square().sum().backward()
    assert not [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]


def test_the_loss_is_minus_the_psnr_in_decibel() -> None:
    clean, restored = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    each = [-10 * math.log10(float((a - b).square().mean())) for a, b in zip(clean, restored, strict=True)]
    assert float(psnr_loss(restored, clean)) == pytest.approx(-sum(each) / 2, abs=1e-4)


def test_it_learns_to_deblur_photographs(photographs: ImageSet, job: Job) -> None:
    seed_torch(0, "weights")
    network = Nafnet(8).build(Shape(3, 32, 32))
    few = photographs.part(slice(6))
    fit_job = job(200, few)
    notes = Nafnet(8).fit(network, fit_job)
    blurred = float((fit_job.blur(few, 0).images - few.images).square().mean())
    assert notes["final_loss"] < 0.85 * blurred


def test_sizes_on_the_way_up_must_be_those_on_the_way_down(registry: Registry) -> None:
    with pytest.raises(UsageError, match="as many sizes"):
        registry.resolve("restorers", "nafnet[down=[1, 1, 1]]")
    assert Nafnet().recipe(Budget("paper", restorer_epochs=9, recipes="paper")).learning_rate == 1e-3
