"""Every path of `convolve` against a plain float64 reference."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch

from blurbench.contract import DensePsf, DiscPsf, GaussianPsf, Padding, Psf, SigmaMap, TapsPsf
from blurbench.errors import UsageError
from blurbench.imaging import convolution
from blurbench.imaging.convolution import convolve
from blurbench.imaging.psf import delta, dense, gaussian_taps

PADDINGS: dict[Padding, str] = {"reflect": "mirror", "replicate": "nearest", "zeros": "constant", "wrap": "wrap"}
SHAPES = [(3, 1, 28, 28), (2, 3, 17, 31)]


def images(n: int, c: int, h: int, w: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(n + h).random((n, c, h, w), dtype=np.float32))


def reference(x: torch.Tensor, kernels: np.ndarray, padding: Padding) -> np.ndarray:
    """Each channel of each image with scipy's direct convolution, in float64."""
    return np.stack(
        [
            [scipy.ndimage.convolve(channel, kernel, mode=PADDINGS[padding]) for channel in image]
            for image, kernel in zip(x.double().numpy(), kernels, strict=True)
        ]
    )


def uniform(n: int, low: float, high: float) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).uniform(low, high, n))


def random_taps(n: int) -> TapsPsf:
    rng = np.random.default_rng(2)
    weights = rng.random((n, 6))
    weights[:, 4:] = 0  # unused taps
    weights /= weights.sum(1, keepdims=True)
    return TapsPsf(torch.from_numpy(rng.integers(-5, 6, (n, 6, 2))), torch.from_numpy(weights))


def random_dense(n: int, side: int) -> DensePsf:
    weights = np.random.default_rng(3).random((n, side, side))
    return DensePsf(torch.from_numpy(weights / weights.sum((1, 2), keepdims=True)))


PSFS = {
    "gaussian, sampled sigma": lambda n: GaussianPsf(uniform(n, 0.3, 2.5)),
    "gaussian, fixed size": lambda n: GaussianPsf(uniform(n, 1, 2), 9),
    "gaussian, one sigma": lambda n: GaussianPsf(torch.full((n,), 1.5)),
    "disc": lambda n: DiscPsf(uniform(n, 0.1, 4)),
    "taps": random_taps,
    "dense": lambda n: random_dense(n, 7),
    "dense, wide": lambda n: random_dense(n, 31),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("name", PSFS)
def test_every_psf_and_padding_agrees_with_scipy(name: str, padding: Padding, shape: tuple[int, ...]) -> None:
    x = images(*shape)
    psf: Psf = PSFS[name](shape[0])
    blurred = convolve(x, psf, padding)
    assert blurred.shape == x.shape
    assert blurred.dtype == torch.float32
    np.testing.assert_allclose(blurred.numpy(), reference(x, dense(psf).weights.numpy(), padding), atol=1e-5)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("sides", [(1, 1), (2, 2), (3, 4), (8, 9), (9, 1)], ids=str)
def test_kernels_of_any_sides_are_centred_as_scipy_does(sides: tuple[int, int], padding: Padding) -> None:
    x = images(2, 3, 12, 15)
    kernels = np.random.default_rng(4).random((2, *sides))
    np.testing.assert_allclose(
        convolve(x, torch.from_numpy(kernels), padding).numpy(), reference(x, kernels, padding), atol=1e-5
    )


@pytest.mark.parametrize("path", ["_grouped", "_fourier"])
@pytest.mark.parametrize("side", [1, 3, 9, 21])
def test_the_two_ways_for_dense_psfs_agree_with_scipy(path: str, side: int) -> None:
    x, psf = images(2, 3, 25, 22), random_dense(2, side)
    padded = convolution.pad(x, side // 2, "reflect")
    blurred = getattr(convolution, path)(padded, psf.weights.float())
    np.testing.assert_allclose(blurred.numpy(), reference(x, psf.weights.numpy(), "reflect"), atol=1e-5)


@pytest.mark.parametrize("psf", [random_dense(3, 31), GaussianPsf(uniform(3, 1, 3.5))], ids=["dense", "gaussian"])
def test_large_images_one_by_one_agree_with_scipy_gradients_included(psf: Psf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLURBENCH_NATIVE", "0")
    x = images(3, 2, 280, 301).requires_grad_()
    blurred = convolve(x, psf)
    np.testing.assert_allclose(
        blurred.detach().numpy(), reference(x.detach(), dense(psf).weights.numpy(), "reflect"), atol=1e-5
    )
    blurred[1, :, 100, 100].sum().backward()
    kernel = dense(psf).weights[1]
    half = kernel.shape[-1] // 2
    assert x.grad is not None
    seen = x.grad[1, 0, 100 - half : 101 + half, 100 - half : 101 + half]
    torch.testing.assert_close(seen.double(), kernel.flip(0, 1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("path", ["_separable", "_banded", "_in_blocks"])
@pytest.mark.parametrize("shape", [(2, 3, 28, 28), (2, 1, 80, 70), (3, 2, 14, 33), (1, 3, 250, 140)], ids=str)
def test_the_three_ways_for_gaussians_agree_with_scipy(path: str, padding: Padding, shape: tuple[int, ...]) -> None:
    x, psf = images(*shape), GaussianPsf(uniform(shape[0], 0.5, 3))
    blurred = getattr(convolution, path)(x, gaussian_taps(psf.sigma), padding)
    np.testing.assert_allclose(blurred.numpy(), reference(x, dense(psf).weights.numpy(), padding), atol=1e-5)


def test_what_is_kept_of_a_gaussian_blur_serves_gradients_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLURBENCH_NATIVE", "0")
    x, psf = images(1, 1, 23, 23), GaussianPsf(torch.tensor([1.0]), 11)
    with torch.inference_mode():
        blurred = convolve(x, psf)
    with_gradient = convolve(x.requires_grad_(), psf)
    with_gradient.sum().backward()
    assert torch.equal(with_gradient, blurred)
    assert x.grad is not None
    assert float(x.grad.sum()) == pytest.approx(23 * 23, rel=1e-5)


@pytest.mark.parametrize("padding", PADDINGS)
def test_shifted_additions_agree_with_scipy(padding: Padding) -> None:
    x, psf = images(2, 3, 25, 22), random_taps(2)
    blurred = convolution._shift_and_add(x, psf, 5, padding)
    np.testing.assert_allclose(blurred.numpy(), reference(x, dense(psf).weights.numpy(), padding), atol=1e-5)


@pytest.mark.parametrize("side", [24, 400])
def test_a_point_is_seen_at_its_place_plus_the_offset(side: int) -> None:
    x = torch.zeros(1, 1, side, side)
    x[0, 0, 10, 12] = 1
    taps = TapsPsf(torch.tensor([[[3, -2], [-1, 4]]]), torch.tensor([[0.25, 0.75]], dtype=torch.float64))
    for psf in (taps, dense(taps)):
        blurred = convolve(x, psf, "zeros")[0, 0]
        assert float(blurred[13, 10]) == pytest.approx(0.25, abs=1e-6)
        assert float(blurred[9, 16]) == pytest.approx(0.75, abs=1e-6)
        assert float(blurred.abs().sum()) == pytest.approx(1, abs=1e-4)


def test_a_kernel_of_four_covers_two_pixels_before_and_one_after() -> None:
    x = torch.zeros(1, 1, 1, 9)
    x[0, 0, 0, 4] = 1
    blurred = convolve(x, torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]), "zeros")
    assert blurred[0, 0, 0].tolist() == [0, 0, 1, 2, 3, 4, 0, 0, 0]


@pytest.mark.parametrize("name", PSFS)
def test_the_blur_of_an_image_does_not_depend_on_its_batch(name: str) -> None:
    x = images(5, 3, 32, 32)
    psf: Psf = PSFS[name](5)
    parts = {key: value[3:4] for key, value in vars(psf).items() if isinstance(value, torch.Tensor)}
    alone = type(psf)(**{**vars(psf), **parts})
    torch.testing.assert_close(convolve(x, psf)[3:4], convolve(x[3:4], alone), rtol=0, atol=1e-6)


def varying_reference(x: torch.Tensor, sigma: torch.Tensor, padding: Padding) -> np.ndarray:
    """Each output pixel from a uniform blur of the whole image with its own sigma."""
    out = np.empty(x.shape)
    for i in range(len(x)):
        for row in range(x.shape[2]):
            for column in range(x.shape[3]):
                kernel = dense(GaussianPsf(sigma[i, row, column][None])).weights.numpy()
                half = kernel.shape[-1] // 2
                mode = {"reflect": "reflect", "replicate": "edge", "zeros": "constant", "wrap": "wrap"}[padding]
                padded = np.pad(x[i].double().numpy(), ((0, 0), (half, half), (half, half)), mode=mode)
                window = padded[:, row : row + 2 * half + 1, column : column + 2 * half + 1]
                out[i, :, row, column] = (window * kernel).sum((1, 2))
    return out


@pytest.mark.parametrize("padding", PADDINGS)
def test_a_map_of_sigma_blurs_each_pixel_with_its_own(padding: Padding) -> None:
    x = images(2, 3, 13, 16)
    sigma = torch.from_numpy(np.random.default_rng(5).uniform(0, 2.2, (2, 13, 16)))
    blurred = convolve(x, SigmaMap(sigma), padding)
    np.testing.assert_allclose(blurred.numpy(), varying_reference(x, sigma, padding), atol=1e-5)


def test_a_map_of_one_sigma_is_the_gaussian_of_that_sigma() -> None:
    x = images(2, 1, 28, 28)
    torch.testing.assert_close(
        convolve(x, SigmaMap(torch.full((2, 28, 28), 1.7))),
        convolve(x, GaussianPsf(torch.full((2,), 1.7))),
        rtol=0,
        atol=1e-5,
    )


@pytest.mark.parametrize(
    "psf",
    [GaussianPsf(torch.tensor([0.9, 0.9]), 31), dense(GaussianPsf(torch.tensor([0.9, 0.9]), 31))],
    ids=["gaussian", "dense"],
)
def test_no_product_is_a_number_too_small_for_fast_arithmetic(psf: Psf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLURBENCH_NATIVE", "0")
    point = torch.zeros(2, 1, 40, 40)
    point[:, :, 20, 20] = 1
    along = convolve(point.requires_grad_(), psf)[:, :, 20]
    assert along.max() > 0.1
    assert not ((along > 0) & (along < torch.finfo(torch.float32).tiny)).any()


def test_weights_that_are_0_have_their_derivatives() -> None:
    image = images(1, 1, 12, 12)
    weights = torch.zeros(1, 3, 3)
    weights[0, 1, 1] = 1
    convolve(image, DensePsf(weights.requires_grad_())).sum().backward()
    each = torch.eye(9).view(9, 3, 3)  # the blur is linear in them
    expected = convolve(image.expand(9, -1, -1, -1), DensePsf(each)).sum((1, 2, 3)).view(1, 3, 3)
    torch.testing.assert_close(weights.grad, expected)


def test_a_delta_changes_nothing() -> None:
    x = images(2, 3, 9, 9)
    assert torch.equal(convolve(x, delta(2)), x)
    assert torch.equal(convolve(x, GaussianPsf(torch.full((2,), 0.05))), x)


def test_a_blur_that_reaches_past_the_mirror_image_is_refused() -> None:
    with pytest.raises(UsageError, match=r"at most 7 pixels beyond an image of 8x8.*half-width of 8"):
        convolve(images(1, 1, 8, 8), GaussianPsf(torch.tensor([2.0])), "reflect")
    with pytest.raises(UsageError, match="half-width of 12"):
        convolve(images(1, 1, 8, 8), GaussianPsf(torch.tensor([3.0])), "wrap")


@pytest.mark.parametrize("padding", ["replicate", "zeros"])
def test_other_paddings_reach_as_far_as_wanted(padding: Padding) -> None:
    x, psf = images(1, 1, 8, 8), GaussianPsf(torch.tensor([3.0]))
    np.testing.assert_allclose(
        convolve(x, psf, padding).numpy(), reference(x, dense(psf).weights.numpy(), padding), atol=1e-5
    )


def test_images_need_not_be_contiguous() -> None:
    x = images(2, 3, 20, 20)
    psf = GaussianPsf(torch.tensor([1.0, 2.0]))
    torch.testing.assert_close(convolve(x.to(memory_format=torch.channels_last), psf), convolve(x, psf))
