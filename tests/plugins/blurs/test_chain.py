"""Blurs one after the other."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from blurbench_blurs.chain import Chain
from blurbench_blurs.defocus import Defocus
from blurbench_blurs.diagonal_motion import DiagonalMotion
from blurbench_blurs.gaussian import Gaussian
from blurbench_blurs.gaussian_noise import GaussianNoise
from blurbench_blurs.none import NoBlur
from blurbench_blurs.random_walk_motion import RandomWalkMotion
from blurbench_blurs.round_8bit import Round8Bit

from blurbench.contract import Blur, Degraded, GaussianPsf, Psf, Range, SigmaMap
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import compose, dense, is_delta
from blurbench.registry import Registry
from tests.plugins.blurs.drawn import ROUNDING, degraded, draws, images


def test_a_chain_applies_its_steps_in_order() -> None:
    x = images()
    gaussian, line = Gaussian(1, size=9), DiagonalMotion()
    result = degraded(Chain((gaussian, line)), x)
    by_hand = convolve(x, gaussian.psf(draws()), "reflect")
    by_hand = convolve(by_hand, line.psf(draws().at(1)), "zeros")
    assert torch.equal(result.images, by_hand)


def test_the_psf_of_a_chain_is_what_it_makes_of_a_point() -> None:
    x = torch.zeros(4, 1, 41, 41)
    x[:, :, 20, 20] = 1
    result = degraded(Chain((Gaussian(Range(1, 2), size=9), NoBlur(), DiagonalMotion())), x)
    assert result.psf is not None
    weights = dense(result.psf).weights
    half = weights.shape[-1] // 2
    seen = result.images[:, 0, 20 - half : 21 + half, 20 - half : 21 + half]
    torch.testing.assert_close(seen, weights.float(), rtol=0, atol=1e-6)


def test_equal_steps_at_two_places_draw_different_numbers() -> None:
    first, second = (Chain((step, NoBlur(), step)) for step in (GaussianNoise(2), GaussianNoise(2)))
    x = torch.zeros(2, 1, 8, 8)
    both = degraded(first, x).images
    alone = GaussianNoise(2).degrade(x, draws(2).at(0)).images
    assert torch.equal(both, degraded(second, x).images)
    assert not torch.allclose(both, 2 * alone)


def test_a_chain_adds_noise_in_quadrature_and_keeps_the_blurs_padding() -> None:
    blur = Chain((Gaussian(2, padding="replicate"), GaussianNoise(2), Round8Bit()))
    result = degraded(blur, images())
    assert result.noise_std == pytest.approx(math.hypot(2 / 255, ROUNDING))
    assert result.padding == "replicate"
    assert isinstance(result.psf, GaussianPsf)


def test_the_padding_of_a_chain_is_that_of_its_last_blur() -> None:
    assert degraded(Chain((Gaussian(1), DiagonalMotion(), NoBlur())), images()).padding == "zeros"
    assert degraded(Chain((DiagonalMotion(), Gaussian(1, padding="wrap"))), images()).padding == "wrap"


def test_noise_that_is_blurred_afterwards_leaves_no_psf_to_know() -> None:
    assert degraded(Chain((GaussianNoise(2), Gaussian(1))), images()).psf is None
    assert degraded(Chain((GaussianNoise(2), NoBlur())), images()).psf is not None


class Field(Blur):
    """A blur that changes over the image."""

    def psf(self, draws: Draws) -> Psf:
        return SigmaMap(torch.ones(len(draws), 28, 28))


class Opaque(Blur):
    """A degradation that no PSF describes."""

    def degrade(self, images: torch.Tensor, draws: Draws) -> Degraded:
        return Degraded(images.flip(-1), None)


def test_a_chain_knows_no_psf_where_a_step_has_none() -> None:
    assert degraded(Chain((Gaussian(1), Opaque())), images()).psf is None
    assert degraded(Chain((Opaque(), Round8Bit())), images()).psf is None
    assert degraded(Chain((Gaussian(1), Field())), images()).psf is None
    assert isinstance(degraded(Chain((Field(), Round8Bit())), images()).psf, SigmaMap)


def test_a_chain_reports_the_steps_of_all_its_blurs() -> None:
    inner = Chain((Gaussian(2), NoBlur()))
    assert Chain((inner, GaussianNoise(2), Round8Bit())).families() == (
        ("gaussian", {"sigma": 2, "size": None, "padding": "reflect"}),
        ("sensor", {"std": 2}),
        ("sensor", {"rounding": 1.0}),
    )
    assert Chain((NoBlur(),)).families() == ()


def test_a_chain_of_nothing_is_nothing() -> None:
    x = images()
    result = degraded(Chain((NoBlur(), Chain((NoBlur(),)))), x)
    assert torch.equal(result.images, x)
    assert result.psf is not None
    assert is_delta(result.psf)


def test_chains_of_equal_steps_are_equal() -> None:
    chain = Chain((Gaussian(1), NoBlur()))
    assert chain == Chain((Gaussian(1), NoBlur()))
    assert hash(chain) == hash(replace(chain))


def test_motion_defocus_and_noise_are_the_steps_applied_by_hand(registry: Registry) -> None:
    blur = registry.resolve(
        "blurs",
        "chain[steps=[random-walk-motion[length=4], defocus[radius=4], gaussian-noise[std=4], round-8bit]]",
    )
    x = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    result = blur.degrade(x, draws(5))

    motion, defocus = RandomWalkMotion(4).psf(draws(5).at(0)), Defocus(4).psf(draws(5).at(1))
    by_hand = convolve(convolve(x, motion, "replicate"), defocus, "replicate")
    by_hand = GaussianNoise(4).degrade(by_hand, draws(5).at(2)).images
    assert torch.equal(result.images, Round8Bit().degrade(by_hand, draws(5).at(3)).images)

    torch.testing.assert_close(dense(result.psf).weights, dense(compose(motion, defocus)).weights)
    assert result.noise_std == pytest.approx(math.hypot(4 / 255, 1 / (255 * math.sqrt(12))))
    assert result.padding == "replicate"
