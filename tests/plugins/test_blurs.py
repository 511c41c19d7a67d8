"""The built-in blurs."""

from __future__ import annotations

import bz2
import gzip
import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
import torch
from blurbench_blurs.chain import Chain
from blurbench_blurs.diagonal_motion import DiagonalMotion
from blurbench_blurs.gaussian import Gaussian
from blurbench_blurs.gaussian_noise import GaussianNoise
from blurbench_blurs.none import NoBlur
from blurbench_blurs.round_8bit import Round8Bit

from blurbench.contract import Blur, Choice, Degraded, GaussianPsf, Psf, Range, SigmaMap, TapsPsf
from blurbench.errors import UsageError
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import dense, is_delta
from blurbench.registry import Registry

ROUNDING = 1 / (255 * math.sqrt(12))


def images(n: int = 4, c: int = 1, side: int = 28) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((n, c, side, side), dtype=np.float32))


def draws(n: int = 4, seed: int = 1) -> Draws:
    return Draws(range(n), seed, ("test",))


def degraded(blur: Blur, x: torch.Tensor) -> Degraded:
    return blur.degrade(x, draws(len(x)))


def motion(blur: DiagonalMotion, n: int) -> TapsPsf:
    psf = blur.psf(draws(n))
    assert isinstance(psf, TapsPsf)
    return psf


# --- none ----------------------------------------------------------------------------------------------------------


def test_no_blur_changes_nothing_and_meets_no_family() -> None:
    x = images()
    result = degraded(NoBlur(), x)
    assert torch.equal(result.images, x)
    assert result.psf is not None
    assert is_delta(result.psf)
    assert result.noise_std == 0
    assert NoBlur().families() == ()


# --- gaussian ------------------------------------------------------------------------------------------------------


def test_sigma_is_drawn_for_each_image() -> None:
    psf = Gaussian(Range(1, 2), size=19).psf(draws(50))
    assert isinstance(psf, GaussianPsf)
    assert len(set(psf.sigma.tolist())) == 50
    assert 1 <= float(psf.sigma.min()) <= float(psf.sigma.max()) <= 2
    assert psf.size == 19


def test_a_gaussian_of_fixed_sigma_draws_nothing() -> None:
    for blur, drawn in ((Gaussian(2.0), False), (Gaussian(Choice((1.0, 2.0))), True)):
        source = draws()
        blur.degrade(images(), source)
        assert source.drawn is drawn


def test_a_gaussian_reports_its_family_and_parameters() -> None:
    expected = {"sigma": Range(1, 2), "size": None, "padding": "reflect"}
    assert Gaussian(Range(1, 2)).families() == (("gaussian", expected),)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("gaussian[sigma=1, size=8]", "size must be odd"),
        ("gaussian[sigma=0.01]", "must lie between 0.05 and 30 pixels, not 0.01"),
        ("gaussian[sigma=1, padding=mirror]", "padding"),
        ("gaussian", "needs the parameter 'sigma'"),
        ("gaussian-noise[std=300]", "must lie between 0 and 255 of 255, not 300"),
        ("diagonal-motion[box=0]", "must lie between 1 and 99, not 0"),
        ("chain", "needs the parameter 'steps'"),
        ("chain[steps=[]]", "at least one blur"),
        ("chain[steps=[gausian[sigma=1]]]", "did you mean 'gaussian'"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(registry: Registry, expression: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        registry.resolve("blurs", expression)


# --- diagonal-motion -----------------------------------------------------------------------------------------------


def diagonal(a: int, b: int, mirrored: bool) -> np.ndarray:
    """The kernel of a rows and b columns, cell by cell, as published."""
    length = max(a, b)
    kernel = np.zeros((a, b))
    for j in range(length):
        row = math.floor(a * j / length)
        kernel[a - 1 - row if mirrored else row, math.floor(b * j / length)] = 1 / length
    return kernel


def published_psfs(box: int) -> dict[bytes, float]:
    """All PSFs of a box with their probabilities, as bytes of (2 box + 1)^2 images centred by floor(n / 2)."""
    pairs = [(a, b) for a in range(1, box + 1) for b in range(1, box + 1) if a + b >= box]
    found: dict[bytes, float] = {}
    for a, b in pairs:
        for mirrored in (False, True):
            image = np.zeros((2 * box + 1, 2 * box + 1))
            top, left = box - a // 2, box - b // 2
            image[top : top + a, left : left + b] = diagonal(a, b, mirrored)
            key = image.round(9).tobytes()
            found[key] = found.get(key, 0) + 0.5 / len(pairs)
    return found


@pytest.mark.parametrize("box", [1, 2, 3, 9])
def test_every_published_diagonal_is_drawn_as_often_as_it_should_be_and_no_other(box: int) -> None:
    n = 12_000
    weights = dense(motion(DiagonalMotion(box=box), n)).weights
    margin = box - weights.shape[-1] // 2
    weights = torch.nn.functional.pad(weights, (margin,) * 4).numpy().round(9)
    drawn: dict[bytes, int] = {}
    for image in weights:
        drawn[image.tobytes()] = drawn.get(image.tobytes(), 0) + 1
    published = published_psfs(box)
    assert drawn.keys() == published.keys()
    for key, probability in published.items():
        assert drawn[key] / n == pytest.approx(probability, abs=5 * math.sqrt(probability / n))


def test_the_lines_of_the_published_box_are_5_to_9_pixels_long_and_7_68_on_average() -> None:
    lengths = (motion(DiagonalMotion(), 20_000).weights > 0).sum(1)
    assert float(lengths.double().mean()) == pytest.approx(407 / 53, abs=0.03)
    shares = torch.bincount(lengths, minlength=10).double() / len(lengths)
    assert shares[:5].sum() == 0
    assert shares[5:].tolist() == pytest.approx([3 / 53, 7 / 53, 11 / 53, 15 / 53, 17 / 53], abs=0.015)


def test_a_square_box_draws_true_diagonals_only() -> None:
    psf = motion(DiagonalMotion(square=True), 2000)
    steps = psf.offsets[:, 1] - psf.offsets[:, 0]
    assert set(map(tuple, steps.tolist())) == {(1, 1), (-1, 1)}
    assert set((psf.weights > 0).sum(1).tolist()) == {5, 6, 7, 8, 9}


def centroids(psfs: torch.Tensor) -> torch.Tensor:
    """(N, 2), rows and columns."""
    place = torch.arange(psfs.shape[-1], dtype=torch.float64) - psfs.shape[-1] // 2
    return torch.stack([(psfs.sum(2) * place).sum(1), (psfs.sum(1) * place).sum(1)], -1)


def test_as_published_a_line_moves_the_image_and_by_how_much_is_as_documented() -> None:
    far = centroids(dense(motion(DiagonalMotion(), 20_000)).weights).abs().amax(1)
    assert float(far.max()) == pytest.approx(0.89, abs=0.005)
    assert float((far > 0.5 + 1e-9).double().mean()) == pytest.approx(0.28, abs=0.015)
    assert "may be displaced" in (DiagonalMotion.__doc__ or "")


@pytest.mark.parametrize("square", [False, True])
def test_a_centred_line_is_the_published_one_moved_to_the_centre(square: bool) -> None:
    plain = dense(motion(DiagonalMotion(square=square), 300)).weights
    centred = dense(DiagonalMotion(square=square, centred=True).psf(draws(300))).weights
    torch.testing.assert_close(centroids(centred), torch.zeros(300, 2).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close(centred.sum((1, 2)), torch.ones(300).double())
    for one, other, shift in zip(plain.numpy(), centred.numpy(), -centroids(plain).numpy(), strict=True):
        padded = np.pad(one, 2)
        moved = scipy.ndimage.shift(padded, shift, order=1)  # bilinear
        margin = (padded.shape[0] - other.shape[0]) // 2
        wide = np.pad(other, max(margin, 0))
        moved = np.pad(moved, max(-margin, 0))
        np.testing.assert_allclose(wide, moved, atol=1e-12)


def test_motion_pads_with_black_and_draws_the_same_line_in_any_batch() -> None:
    blur = DiagonalMotion()
    assert blur.padding == "zeros"
    many, one = motion(blur, 30), blur.psf(Draws([17], 1, ("test",)))
    assert isinstance(one, TapsPsf)
    assert torch.equal(many.offsets[17], one.offsets[0])
    assert torch.equal(many.weights[17], one.weights[0])


# --- the sensor ----------------------------------------------------------------------------------------------------


def test_noise_has_its_standard_deviation_and_is_not_clipped() -> None:
    x = torch.zeros(300, 1, 28, 28)
    result = degraded(GaussianNoise(4), x)
    assert float(255 * result.images.std()) == pytest.approx(4.0, abs=0.02)
    assert float(result.images.min()) < 0
    assert result.noise_std == pytest.approx(4 / 255)
    assert result.psf is not None
    assert is_delta(result.psf)


def test_noise_is_drawn_for_each_image_pixel_and_channel() -> None:
    noise = degraded(GaussianNoise(2), torch.zeros(3, 3, 16, 16)).images
    assert len(noise.unique()) == noise.numel()


def test_the_noise_that_is_told_is_the_root_mean_square_of_what_can_be_drawn() -> None:
    x = torch.zeros(2000, 1, 8, 8)
    for std, expected in ((Range(0, 3), math.sqrt(3)), (Choice((1.0, 7.0)), 5.0)):
        result = degraded(GaussianNoise(std), x)
        assert result.noise_std == pytest.approx(expected / 255)
        assert float(result.images.square().mean().sqrt()) == pytest.approx(expected / 255, rel=0.03)


def test_rounding_gives_the_values_of_an_8_bit_file() -> None:
    x = torch.tensor([-0.1, 0.0, 0.4 / 255, 0.6 / 255, 100.3 / 255, 1.0, 1.2]).view(1, 1, 1, 7)
    result = degraded(Round8Bit(), x)
    assert (255 * result.images).flatten().tolist() == pytest.approx([0, 0, 0, 1, 100, 255, 255], abs=1e-4)
    assert result.noise_std == pytest.approx(ROUNDING)


def test_uint8_images_survive_rounding() -> None:
    x = torch.arange(256).float().div(255).view(1, 1, 16, 16)
    assert torch.equal(degraded(Round8Bit(), x).images, x)


def test_the_sensor_reports_what_it_does() -> None:
    assert GaussianNoise(2).families() == (("sensor", {"std": 2}),)
    assert Round8Bit().families() == (("sensor", {"rounding": 1.0}),)


# --- chain ---------------------------------------------------------------------------------------------------------


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


# --- all of them ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "none",
        "gaussian[sigma={low=0.5, high=2}]",
        "diagonal-motion",
        "gaussian-noise[std={choice=[1, 2]}]",
        "round-8bit",
        "chain[steps=[gaussian[sigma={low=1, high=2}, size=9], diagonal-motion, gaussian-noise[std=2], round-8bit]]",
    ],
)
def test_an_image_is_degraded_alike_in_any_batch_and_any_order(registry: Registry, expression: str) -> None:
    blur = registry.resolve("blurs", expression)
    x = images(6, 3)
    order = [4, 1, 5, 0]
    together = blur.degrade(x, draws(6)).images
    chosen = blur.degrade(x[order], Draws(order, 1, ("test",))).images
    # An 8-bit value may flip where the blur falls on a half.
    torch.testing.assert_close(chosen, together[order], rtol=0, atol=1.01 / 255 if "8bit" in expression else 1e-6)


# --- the published figures -----------------------------------------------------------------------------------------

GAUSS9 = Gaussian(1, size=9)
MOVE9 = Chain((GAUSS9, DiagonalMotion()))


def fashion_test() -> torch.Tensor:
    file = Path(os.environ["BLURBENCH_DATA"]) / "FashionMNIST" / "raw" / "t10k-images-idx3-ubyte.gz"
    pixels = np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8, offset=16)
    return torch.from_numpy(pixels.reshape(-1, 1, 28, 28) / np.float32(255))


def usps_test() -> torch.Tensor:
    """LIBSVM's text: a label, then index:value from -1 to 1; kept as whole 255ths, as torchvision does."""
    lines = bz2.decompress((Path(os.environ["BLURBENCH_DATA"]) / "usps.t.bz2").read_bytes()).decode().splitlines()
    values = np.array([[pair.split(":")[1] for pair in line.split()[1:]] for line in lines], dtype=np.float64)
    return torch.from_numpy(np.floor((values + 1) / 2 * 255).astype(np.float32) / 255).view(-1, 1, 16, 16)


@pytest.mark.data
@pytest.mark.parametrize(
    ("load", "blur", "expected", "tolerance"),
    [
        (fashion_test, GAUSS9, 0.013304, 0.00002),
        (usps_test, GAUSS9, 0.009380, 0.00002),
        (fashion_test, MOVE9, 0.0309, 0.001),
        (usps_test, MOVE9, 0.0412, 0.001),
    ],
)
def test_the_mean_squared_error_of_shen_et_al_comes_out(load, blur, expected, tolerance) -> None:  # type: ignore[no-untyped-def]
    clean = load()
    error = (blur.degrade(clean, draws(len(clean))).images - clean).square().mean()
    assert float(error) == pytest.approx(expected, abs=tolerance)
