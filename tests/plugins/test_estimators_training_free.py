"""`spectral` and `laplacian-variance`: readings of sigma without anything to fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from blurbench_estimators import laplacian_variance, spectral
from blurbench_estimators.laplacian_variance import LaplacianVariance
from blurbench_estimators.scenes import blurred_windows, degraded, reduced, scenes
from blurbench_estimators.spectral import Spectral, ring_powers

from blurbench.contract import Estimator, GaussianPsf
from blurbench.imaging.convolution import convolve
from blurbench.registry import Registry

BOTH: list[Estimator] = [Spectral(), LaplacianVariance()]


@pytest.fixture(scope="module")
def photograph() -> torch.Tensor:
    """skimage's camera, halved so that little of its own blur is left: (1, 1, 256, 256)."""
    from skimage import data

    return torch.from_numpy(reduced(np.float32(data.camera()) / 255, 2))[None, None]


@pytest.fixture(scope="module")
def blurred(photograph: torch.Tensor) -> Callable[[float], torch.Tensor]:
    """The photograph blurred by sigma and rounded to 8 bits."""
    return lambda sigma: (
        (255 * convolve(photograph, GaussianPsf(torch.tensor([sigma])), "reflect")).round().clamp(0, 255) / 255
    )


@pytest.mark.parametrize("sigma", [0.6, 1.0, 1.5, 2.0, 2.5])
def test_spectral_reads_a_photograph_that_it_has_never_seen(
    sigma: float, blurred: Callable[[float], torch.Tensor]
) -> None:
    assert Spectral().estimate(blurred(sigma)).item() == pytest.approx(sigma, abs=0.4)


def test_spectral_reads_small_windows_to_half_a_pixel(blurred: Callable[[float], torch.Tensor]) -> None:
    for sigma in (0.6, 1.2, 1.8, 2.4):
        picture = blurred(sigma)
        field = Spectral().sigma_map(picture, stride=16)[0]
        rough = picture[0, 0].unfold(0, 32, 16).unfold(1, 32, 16).std((2, 3)) > 12 / 255
        errors = field[rough] - sigma
        assert errors.abs().median() < 0.5
        assert errors.square().mean().sqrt() < 0.8


@pytest.mark.parametrize("estimator", BOTH, ids=lambda item: type(item).__name__)
def test_more_blur_reads_as_more_blur(estimator: Estimator, blurred: Callable[[float], torch.Tensor]) -> None:
    readings = [estimator.estimate(blurred(sigma)).item() for sigma in (0.3, 0.9, 1.5, 2.1, 2.7)]
    assert readings == sorted(readings)
    assert readings[-1] > readings[0] + 1


def test_spectral_beats_the_usual_score_under_noise(blurred: Callable[[float], torch.Tensor]) -> None:
    noise = 2 / 255 * torch.randn(1, 1, 256, 256, generator=torch.Generator().manual_seed(1))
    errors = {
        type(estimator): max(abs(estimator.estimate(blurred(sigma) + noise).item() - sigma) for sigma in (1.0, 2.0))
        for estimator in BOTH
    }
    assert errors[Spectral] < 0.5 < errors[LaplacianVariance]


@pytest.mark.parametrize("estimator", BOTH, ids=lambda item: type(item).__name__)
@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (2, 3, 33, 47), (1, 1, 8, 200), (1, 3, 64, 64)])
def test_any_image_gets_a_finite_sigma_within_the_limits(estimator: Estimator, shape: tuple[int, ...]) -> None:
    draws = torch.Generator().manual_seed(3)
    low, high = estimator.limits
    for images in (torch.rand(shape, generator=draws), torch.zeros(shape), torch.ones(shape)):
        found = estimator.estimate(images)
        assert found.shape == shape[:1]
        assert found.dtype == torch.float32
        assert bool(((found >= low) & (found <= high)).all())


@pytest.mark.parametrize("estimator", BOTH, ids=lambda item: type(item).__name__)
def test_a_map_holds_the_reading_of_each_window(estimator: Estimator, blurred: Callable[[float], torch.Tensor]) -> None:
    picture = blurred(1.0)[..., 40:140, 60:190]
    field = estimator.sigma_map(picture, stride=10)
    assert field.shape == (1, 7, 10)
    alone = estimator.estimate(picture[..., 30:62, 50:82])
    assert field[0, 3, 5].item() == pytest.approx(alone.item(), abs=1e-4)


@pytest.mark.parametrize("estimator", BOTH, ids=lambda item: type(item).__name__)
@pytest.mark.parametrize("sigma", [0.3, 1.2])  # at 1.2 one of the two reads its upper limit, whatever is done
def test_contrast_turns_and_colour_hardly_matter(
    estimator: Estimator, sigma: float, blurred: Callable[[float], torch.Tensor]
) -> None:
    picture = blurred(sigma)
    plain = estimator.estimate(picture).item()
    assert estimator.estimate(picture.expand(1, 3, -1, -1)).item() == pytest.approx(plain, abs=1e-3)
    assert estimator.estimate(picture.transpose(2, 3).flip(2)).item() == pytest.approx(plain, abs=0.05)
    assert estimator.estimate(0.2 + 0.5 * picture).item() == pytest.approx(plain, abs=0.15)


@pytest.mark.parametrize("estimator", BOTH, ids=lambda item: type(item).__name__)
def test_neighbours_in_a_batch_change_nothing(estimator: Estimator, blurred: Callable[[float], torch.Tensor]) -> None:
    pictures = torch.cat([blurred(0.5), blurred(2.0)])
    together = estimator.estimate(pictures)
    apart = torch.cat([estimator.estimate(picture[None]) for picture in pictures])
    assert torch.allclose(together, apart, atol=1e-5)


def test_white_noise_has_equal_power_in_all_rings() -> None:
    noise = torch.randn(4000, 32, 32, generator=torch.Generator().manual_seed(5), dtype=torch.float64).float()
    powers = 10 ** ring_powers(noise)
    # Less the mean, of which a Hann window lets a part reach the first ring.
    assert torch.allclose(powers.mean(0)[1:], torch.ones(16), atol=0.02)


def test_a_gaussian_takes_from_each_ring_what_its_transfer_function_says() -> None:
    noise = torch.randn(300, 1, 64, 64, generator=torch.Generator().manual_seed(6))
    soft = convolve(noise, GaussianPsf(torch.full((300,), 1.0)), "wrap")
    lost = (10 ** ring_powers(soft[:, 0, :32, :32])).mean(0) / (10 ** ring_powers(noise[:, 0, :32, :32])).mean(0)
    radius = torch.arange(3.0, 11.0)  # where the fall inside a ring is still slight
    expected = torch.exp(-((2 * torch.pi * radius / 32 * 1.0) ** 2))
    assert torch.allclose(lost[2:10].log(), expected.log(), atol=0.45)


def test_the_shipped_numbers_are_small_and_the_table_falls() -> None:
    assert spectral.WEIGHTS.stat().st_size < 50_000
    sigmas, ratios = laplacian_variance.table()
    assert (sigmas[0], sigmas[-1]) == (0.0, 3.0)
    assert (np.diff(ratios) < 0).all()


def test_scenes_come_out_alike_each_time_and_blur_dulls_them() -> None:
    first = list(scenes(6, seed=11))
    np.testing.assert_array_equal(first[0], next(scenes(1, seed=11)))
    for scene in first:
        assert scene.shape == (192, 192)
        assert 0 <= scene.min() < scene.max() <= 1
    sharp, dull = (degraded(first[0], sigma, np.random.RandomState(0), 0.0, None) for sigma in (0.0, 2.0))
    assert np.abs(np.diff(dull)).mean() < 0.6 * np.abs(np.diff(sharp)).mean()


@pytest.mark.slow
def test_the_fit_repeats_itself_on_fewer_scenes() -> None:
    from blurbench_estimators.make_spectral import fitted

    windows = list(blurred_windows(6, 4, 32))
    powers = ring_powers(torch.cat([torch.from_numpy(part.pixels) for part in windows]))
    sigma = torch.cat([torch.from_numpy(part.sigma) for part in windows])
    scaled = (powers - powers.mean(0)) / powers.std(0)
    first, again = (fitted(scaled, sigma) for _ in range(2))
    assert all(torch.equal(one, two) for one, two in zip(first.parameters(), again.parameters(), strict=True))
    with torch.no_grad():
        assert (first(scaled)[:, 0] - sigma).abs().mean() < 0.5


def test_both_are_on_the_menu_with_a_window_to_choose(registry: Registry) -> None:
    for name, cls in (("spectral", Spectral), ("laplacian-variance", LaplacianVariance)):
        estimator = registry.resolve("estimators", f"{name}[window=64]")
        assert isinstance(estimator, cls)
        assert (estimator.window, estimator.trainable) == (64, False)
