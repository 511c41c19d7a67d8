import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from blurbench.metrics.image_quality import HIGHEST_PSNR, mse, psnr, ssim


def pair(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    reference = torch.rand(shape, generator=generator)
    return (reference + 0.1 * torch.randn(shape, generator=generator)).clamp(0, 1), reference


def test_an_error_of_a_tenth_everywhere_is_20_db():
    reference = torch.full((3, 1, 8, 8), 0.5)
    assert mse(reference + 0.1, reference) == pytest.approx(0.01)
    assert psnr(reference + 0.1, reference) == pytest.approx(20.0, abs=1e-4)


def test_psnr_is_a_mean_over_images_not_the_psnr_of_the_mean_error():
    reference = torch.zeros(2, 1, 4, 4)
    images = torch.stack([torch.full((1, 4, 4), 0.1), torch.full((1, 4, 4), 0.01)])
    assert psnr(images, reference) == pytest.approx(30.0, abs=1e-4)


def test_identical_images_get_the_highest_psnr_and_full_similarity():
    images, _ = pair(4, 1, 28, 28)
    assert psnr(images, images) == HIGHEST_PSNR
    assert ssim(images, images) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("shape", [(5, 1, 28, 28), (5, 1, 16, 16), (3, 3, 32, 24)])
def test_ssim_agrees_with_scikit_image(shape):
    images, reference = pair(*shape)
    expected = [
        structural_similarity(
            one.numpy(),
            other.numpy(),
            channel_axis=0,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
        for one, other in zip(images, reference, strict=True)
    ]
    assert ssim(images, reference) == pytest.approx(np.mean(expected), abs=1e-5)


def test_an_image_of_7_pixels_is_one_window():
    images, reference = pair(1, 1, 8, 7)
    one, other = images[0, 0].double().numpy(), reference[0, 0].double().numpy()
    taps = np.exp(-(np.arange(-3, 4) ** 2) / (2 * 1.5**2))
    weights = np.outer(taps, taps) / taps.sum() ** 2

    def window(x: np.ndarray, y: np.ndarray) -> float:
        mean_x, mean_y = (weights * x).sum(), (weights * y).sum()
        covariance = (weights * x * y).sum() - mean_x * mean_y
        variances = (weights * x * x).sum() - mean_x**2 + (weights * y * y).sum() - mean_y**2
        luminance = (2 * mean_x * mean_y + 1e-4) / (mean_x**2 + mean_y**2 + 1e-4)
        return luminance * (2 * covariance + 9e-4) / (variances + 9e-4)

    expected = np.mean([window(one[:7], other[:7]), window(one[1:], other[1:])])
    assert ssim(images, reference) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("measure", [mse, psnr, ssim])
def test_a_mean_over_many_images_is_the_mean_of_single_ones(measure):
    images, reference = pair(300, 1, 12, 12)
    single = [measure(images[i : i + 1], reference[i : i + 1]) for i in range(300)]
    assert measure(images, reference) == pytest.approx(np.mean(single), rel=1e-5)
