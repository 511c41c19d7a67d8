"""Derivatives of a blur, forward and reverse, against finite differences in float64."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.autograd import forward_ad, gradcheck, gradgradcheck

from blurbench.contract import DensePsf, DiscPsf, GaussianPsf, Psf, SigmaMap, TapsPsf
from blurbench.errors import UsageError
from blurbench.imaging import large_kernels
from blurbench.imaging.convolution import convolve
from blurbench.imaging.psf import delta

OFFSETS = torch.tensor([[[0, 0], [2, -1], [-3, 1], [0, 0]]])

MADE_OF: dict[str, tuple[Callable[[torch.Tensor], Psf | torch.Tensor], torch.Tensor]] = {
    "gaussian": (GaussianPsf, torch.tensor([1.3])),
    "gaussian of 9 taps": (lambda s: GaussianPsf(s, 9), torch.tensor([1.3])),
    "disc": (DiscPsf, torch.tensor([2.7])),
    "kernel": (lambda k: k, torch.rand(1, 3, 4, generator=torch.Generator().manual_seed(0))),
    "dense": (DensePsf, torch.rand(1, 5, 5, generator=torch.Generator().manual_seed(0))),
    "taps": (lambda w: TapsPsf(OFFSETS, w), torch.tensor([[0.5, 0.2, 0.3, 0.0]])),
    "map": (SigmaMap, 0.6 + torch.rand(1, 10, 11, generator=torch.Generator().manual_seed(0))),
}


def images(side: int = 10, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.rand(1, 1, side, side + 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("name", MADE_OF)
def test_derivatives_of_both_modes_and_second_ones_are_those_of_finite_differences(name: str) -> None:
    make, values = MADE_OF[name]
    inputs = images().requires_grad_(), values.double().requires_grad_()

    def blurred(x: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return convolve(x, make(v), "zeros")[..., 2:8, 3:9]

    assert gradcheck(blurred, inputs, check_forward_ad=True, eps=1e-5, atol=1e-4)
    assert gradgradcheck(blurred, inputs, eps=1e-5, atol=1e-3)


@pytest.mark.parametrize("name", MADE_OF)
def test_of_images_that_the_compiled_code_could_take_no_derivative_is_dropped(name: str) -> None:
    make, values = MADE_OF[name]
    x = images(20, torch.float32)
    if name == "map":
        values = torch.full((1, 20, 21), 1.1)
    direction = torch.randn(values.shape, generator=torch.Generator().manual_seed(2))

    def summed(v: torch.Tensor) -> torch.Tensor:
        return convolve(x, make(v), "zeros").square().sum()

    reverse = torch.autograd.grad(summed(wanted := values.clone().requires_grad_()), wanted)[0]
    expected = (reverse * direction).sum()
    with forward_ad.dual_level():
        by_dual = forward_ad.unpack_dual(summed(forward_ad.make_dual(values, direction))).tangent
    assert by_dual is not None
    for found in (
        by_dual,
        torch.func.jvp(summed, (values,), (direction,))[1],
        (torch.func.grad(summed)(values) * direction).sum(),
    ):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_a_tangent_of_the_images_is_blurred_as_they_are() -> None:
    x, tangent = images(20, torch.float32), torch.randn(1, 1, 20, 21, generator=torch.Generator().manual_seed(3))
    psf = GaussianPsf(torch.tensor([1.5]))
    with forward_ad.dual_level():
        answer = forward_ad.unpack_dual(convolve(forward_ad.make_dual(x, tangent), psf))
    torch.testing.assert_close(answer.primal, convolve(x, psf))
    torch.testing.assert_close(answer.tangent, convolve(tangent, psf))
    torch.testing.assert_close(torch.func.jvp(lambda v: convolve(v, psf), (x,), (tangent,))[1], convolve(tangent, psf))


def test_the_weight_of_a_single_tap_gets_its_gradient() -> None:
    weights = torch.ones(1, 1, dtype=torch.float64, requires_grad=True)
    x = images(20, torch.float32)
    convolve(x, TapsPsf(torch.zeros(1, 1, 2, dtype=torch.int64), weights)).sum().backward()
    assert weights.grad is not None
    torch.testing.assert_close(weights.grad.sum(), x.double().sum())
    given = x.clone().requires_grad_()
    assert torch.autograd.grad(convolve(given, delta(1)).sum(), given)[0].eq(1).all()


@pytest.mark.parametrize("side", [20, 120])
def test_vmap_over_images_gives_each_its_blur(side: int) -> None:
    x = torch.rand(3, 1, 2, side, side, generator=torch.Generator().manual_seed(4))
    for psf in (GaussianPsf(torch.tensor([2.0])), torch.full((1, 21, 21), 1 / 441), DiscPsf(torch.tensor([9.0]))):
        mapped = torch.vmap(lambda v, psf=psf: convolve(v, psf, "zeros"))(x)
        torch.testing.assert_close(mapped, torch.stack([convolve(v, psf, "zeros") for v in x]), rtol=0, atol=1e-5)


def test_vmap_over_psfs_is_refused_in_one_line() -> None:
    x = images(20, torch.float32)
    with pytest.raises(UsageError, match=r"cannot be mapped over by torch\.vmap"):
        torch.vmap(lambda s: convolve(x, GaussianPsf(s)))(torch.ones(3, 1))


@pytest.mark.parametrize("layer", [large_kernels.Conv2d, large_kernels.ConvTranspose2d])
def test_layers_of_large_kernels_have_forward_derivatives_and_keep_nan_where_it_is(layer: type) -> None:
    torch.manual_seed(0)
    mine = layer(16, 16, 9, padding=4)
    theirs = getattr(torch.nn, layer.__name__)(16, 16, 9, padding=4)
    theirs.load_state_dict(mine.state_dict())
    x, tangent = torch.randn(2, 16, 40, 40), torch.randn(2, 16, 40, 40)
    for module in (mine, theirs):
        module.requires_grad_(False)
    expected = torch.func.jvp(theirs, (x,), (tangent,))[1]
    torch.testing.assert_close(torch.func.jvp(mine, (x,), (tangent,))[1], expected, rtol=0, atol=1e-4)
    x[0, 3, 20, 20] = torch.nan
    assert torch.equal(mine(x).isnan(), theirs(x).isnan())
    assert int(mine(x)[0, 0].isnan().sum()) == 81
