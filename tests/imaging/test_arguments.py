"""What the mathematics of blur accepts, and that everything else is one line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.ndimage
import torch

from blurbench.contract import DensePsf, DiscPsf, GaussianPsf, SigmaMap, TapsPsf
from blurbench.errors import UsageError
from blurbench.imaging.convolution import convolve, pad
from blurbench.imaging.fourier import wiener
from blurbench.imaging.noise import noise_std
from blurbench.imaging.psf import delta
from blurbench.imaging.sharpness import grey, laplacian, laplacian_variance, patch_laplacian_variance
from blurbench.imaging.windows import at_least, by_windows

MEAN = torch.full((1, 3, 3), 1 / 9)
GAUSSIAN = GaussianPsf(torch.tensor([1.2]))

ON_IMAGES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "convolve with kernels": lambda x: convolve(x, MEAN.expand(len(x), 3, 3)),
    "convolve with Gaussians": lambda x: convolve(x, GaussianPsf(torch.ones(len(x)))),
    "convolve with a delta": lambda x: convolve(x, delta(len(x))),
    "pad": lambda x: pad(x, 2, "reflect"),
    "wiener": lambda x: wiener(x, GaussianPsf(torch.ones(len(x)))),
    "noise_std": noise_std,
    "laplacian": laplacian,
    "laplacian_variance": laplacian_variance,
    "patch_laplacian_variance": lambda x: patch_laplacian_variance(x, 8),
    "grey": grey,
    "by_windows": lambda x: by_windows(lambda some: some.flatten(1).mean(1), x, 8),
    "at_least": lambda x: at_least(x, 40),
}
TAKE_BYTES = ("convolve with kernels", "convolve with Gaussians", "convolve with a delta", "pad")
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.bool)


def photograph() -> np.ndarray:
    from skimage import data

    part: np.ndarray = data.astronaut()[20:84, 160:232]
    return part


# --- types ---------------------------------------------------------------------------------------------------------


def test_a_grey_of_200_in_bytes_stays_200_under_a_mean_kernel() -> None:
    images = torch.full((1, 3, 32, 32), 200, dtype=torch.uint8)
    assert torch.equal(convolve(images, MEAN), images)


@pytest.mark.parametrize("native", ["1", "0"])
def test_a_picture_as_pil_gives_it_is_blurred_as_scipy_does(native: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image
    from torchvision.transforms import PILToTensor

    monkeypatch.setenv("BLURBENCH_NATIVE", native)
    picture = photograph()
    blurred = convolve(PILToTensor()(Image.fromarray(picture))[None], GAUSSIAN)
    expected = scipy.ndimage.gaussian_filter(picture.astype(float), (1.2, 1.2, 0), mode="mirror", truncate=4.0)
    assert blurred.dtype == torch.uint8
    apart = blurred[0].numpy().astype(int) - np.round(expected).transpose(2, 0, 1)
    assert np.abs(apart).max() <= 1  # where it lies within rounding of a half
    assert (apart != 0).mean() < 1e-3


def test_bytes_that_a_sharpening_kernel_drives_beyond_the_range_are_cut_and_not_wrapped_around() -> None:
    sharpen = torch.tensor([[[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]]])
    images = torch.zeros(1, 1, 16, 16, dtype=torch.uint8)
    images[..., 8:] = 250
    expected = scipy.ndimage.convolve(images[0, 0].numpy().astype(float), sharpen[0].numpy(), mode="mirror")
    assert expected.min() < 0
    assert expected.max() > 255
    assert convolve(images, sharpen)[0, 0].tolist() == expected.clip(0, 255).tolist()


@pytest.mark.parametrize("name", ON_IMAGES)
@pytest.mark.parametrize("dtype", [*INTEGERS, torch.complex64], ids=str)
def test_whole_and_complex_numbers_are_refused_in_one_line_or_computed(name: str, dtype: torch.dtype) -> None:
    images = torch.ones(2, 3, 32, 32).to(dtype)
    if dtype == torch.uint8 and name in TAKE_BYTES:
        assert torch.equal(ON_IMAGES[name](images), ON_IMAGES[name](images.float()).round().to(dtype))
        return
    with pytest.raises(UsageError, match=r"must be floating-point numbers in \[0, 1\], not torch\.") as refusal:
        ON_IMAGES[name](images)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ON_IMAGES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64], ids=str)
def test_other_floating_point_types_keep_their_type_and_their_values(name: str, dtype: torch.dtype) -> None:
    images = torch.from_numpy(np.random.default_rng(1).random((2, 3, 32, 32))).to(dtype)
    given = ON_IMAGES[name](images)
    assert given.dtype == (torch.promote_types(dtype, torch.float32) if "laplacian" in name else dtype)
    expected = ON_IMAGES[name](images.double())
    scale = float(expected.abs().max())
    torch.testing.assert_close(
        given.double(), expected, rtol=0, atol=scale * (1e-4 if dtype == torch.float64 else 6 * torch.finfo(dtype).eps)
    )


def test_kernels_of_half_precision_and_whole_numbers_count_as_what_they_are() -> None:
    images = torch.rand(1, 1, 20, 20, generator=torch.Generator().manual_seed(0))
    ones = torch.ones(1, 3, 3)
    for dtype in (torch.float16, torch.int64, torch.uint8, torch.bool):
        torch.testing.assert_close(convolve(images, ones.to(dtype)), convolve(images, ones))
    with pytest.raises(UsageError, match="kernels must be dense real numbers"):
        convolve(images, ones.to(torch.complex64))


def test_autocast_does_not_take_digits_from_a_blur(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLURBENCH_NATIVE", "0")
    images = torch.rand(1, 1, 80, 80, generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        blurred = convolve(images, MEAN)
    assert torch.equal(blurred, convolve(images, MEAN))


# --- shapes and numbers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ON_IMAGES)
@pytest.mark.parametrize("shape", [(32, 32), (3, 32, 32), (1, 1, 3, 32, 32)], ids=str)
def test_images_of_another_number_of_axes_are_refused(name: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match=r"images must be \(N, C, H, W\)"):
        ON_IMAGES[name](torch.rand(shape))


@pytest.mark.parametrize("name", ON_IMAGES)
def test_an_empty_batch_gives_an_empty_answer(name: str) -> None:
    assert len(ON_IMAGES[name](torch.zeros(0, 3, 32, 32))) == 0


@pytest.mark.parametrize("name", ["grey", "laplacian", "laplacian_variance", "patch_laplacian_variance"])
@pytest.mark.parametrize("channels", [2, 4])
def test_grey_is_made_of_one_or_three_channels_and_of_no_other_number(name: str, channels: int) -> None:
    with pytest.raises(UsageError, match=f"red, green and blue, not of {channels}"):
        ON_IMAGES[name](torch.rand(1, channels, 32, 32))


@pytest.mark.parametrize("name", ["noise_std", "laplacian", "laplacian_variance", "by_windows"])
def test_images_too_small_to_be_read_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"images of at least \dx\d pixels are needed, not \(1, 30\)"):
        ON_IMAGES[name](torch.rand(1, 1, 1, 30))


def test_an_image_of_one_row_is_enlarged_and_does_not_hang() -> None:
    assert at_least(torch.rand(1, 1, 1, 5), 32).shape == (1, 1, 32, 32)
    assert torch.equal(at_least(torch.full((1, 1, 1, 1), 0.3), 32), torch.full((1, 1, 32, 32), 0.3))
    with pytest.raises(UsageError, match="at least 1x1"):
        at_least(torch.rand(1, 1, 0, 5), 32)


@pytest.mark.parametrize(
    ("psf", "complaint"),
    [
        (GaussianPsf(torch.tensor([torch.nan])), "sigma of a PSF must be finite"),
        (GaussianPsf(torch.tensor([torch.inf])), "sigma of a PSF must be finite"),
        (GaussianPsf(torch.tensor([-1.0])), "sigma of a PSF must not be negative, but one is -1"),
        (GaussianPsf(torch.ones(1), 4), "odd whole number of pixels, not 4"),
        (GaussianPsf(torch.ones(1), 0), "odd whole number of pixels, not 0"),
        (GaussianPsf(torch.ones(1), float("nan")), "odd whole number of pixels, not nan"),  # type: ignore[arg-type]
        (GaussianPsf(torch.ones(())), "1 images need as many PSFs"),
        (DiscPsf(torch.tensor([torch.nan])), "radius of a PSF must be finite"),
        (DiscPsf(torch.tensor([-2.0])), "radius of a PSF must not be negative"),
        (SigmaMap(torch.full((1, 20, 20), torch.nan)), "sigma of a PSF must be finite"),
        (SigmaMap(torch.ones(1, 20, 20), torch.ones(1, 20, 20)), "radius must be whole numbers"),
        (DensePsf(torch.ones(1, 4, 4)), "k odd, not"),
        (DensePsf(torch.ones(1, 3, 5)), "k odd, not"),
        (DensePsf(torch.full((1, 3, 3), torch.nan)), "weights of a PSF must be finite"),
        (TapsPsf(torch.ones(1, 2, 2), torch.ones(1, 2)), "offsets must be whole numbers"),
        (TapsPsf(torch.ones(1, 2, 3).long(), torch.ones(1, 2)), r"offsets \(N, T, 2\)"),
        (torch.full((1, 3, 3), torch.inf), "kernels of a PSF must be finite"),
        (torch.ones(1, 0, 3), "kernels is empty"),
        (1.5, "must be kernels"),
        (None, "must be kernels"),
    ],
)
@pytest.mark.parametrize("native", ["1", "0"])
def test_what_is_no_psf_is_one_line(psf: object, complaint: str, native: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLURBENCH_NATIVE", native)
    with pytest.raises(UsageError, match=complaint) as refusal:
        convolve(torch.rand(1, 1, 20, 20), psf)  # type: ignore[arg-type]
    assert "\n" not in str(refusal.value)


def test_wiener_checks_its_psfs_and_its_noise() -> None:
    images = torch.rand(2, 1, 24, 24)
    with pytest.raises(UsageError, match="2 images need as many PSFs"):
        wiener(images, GAUSSIAN)
    for noise in (-0.1, float("nan"), float("inf")):
        with pytest.raises(UsageError, match="noise_std must be a number from 0 on"):
            wiener(images[:1], GAUSSIAN, noise)


# --- a pixel that is not a number ----------------------------------------------------------------------------------


def gaussian(sigma: float) -> GaussianPsf:
    return GaussianPsf(torch.tensor([sigma], dtype=torch.float64))


def box(side: int) -> torch.Tensor:
    return torch.full((1, side, side), side**-2.0, dtype=torch.float64)


def line(length: int) -> TapsPsf:
    columns = torch.arange(length) - length // 2
    return TapsPsf(torch.stack([0 * columns, columns], -1)[None], torch.full((1, length), 1 / length).double())


REACHES = {
    "box 3": (box(3), 1),
    "box 21": (box(21), 10),
    "box 31": (DensePsf(box(31)), 15),
    "random 41": (torch.rand(1, 41, 41, generator=torch.Generator().manual_seed(0)) / 840, 20),
    "gaussian 0.5": (gaussian(0.5), 2),
    "gaussian 3": (gaussian(3.0), 12),
    "disc 2": (DiscPsf(torch.tensor([2.0])), 2),
    "disc 14": (DiscPsf(torch.tensor([14.0])), 14),
    "line 25": (line(25), 12),
}


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("native", ["1", "0"])
@pytest.mark.parametrize("side", [48, 120])
@pytest.mark.parametrize("name", REACHES)
def test_a_pixel_that_is_no_number_reaches_as_far_as_the_psf_and_no_further(
    name: str, side: int, native: str, bad: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLURBENCH_NATIVE", native)
    psf, reach = REACHES[name]
    clean = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(1))
    images = clean.clone()
    images[0, 0, 25, 22] = bad
    blurred, expected = convolve(images, psf, "zeros"), convolve(clean, psf, "zeros")
    near = torch.zeros(1, 1, side, side, dtype=torch.bool)
    near[..., 25 - reach : 26 + reach, 22 - reach : 23 + reach] = True
    torch.testing.assert_close(blurred[~near], expected[~near], rtol=0, atol=1e-5)
    assert not blurred[0, 0, 25, 22].isfinite()


@pytest.mark.parametrize("native", ["1", "0"])
def test_in_a_batch_and_under_a_map_each_pixel_keeps_its_own_reach(
    native: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLURBENCH_NATIVE", native)
    images = torch.zeros(2, 1, 60, 60)
    images[:, :, 30, 30] = torch.nan
    blurred = convolve(images, GaussianPsf(torch.tensor([0.5, 3.0])), "zeros")
    assert blurred.isnan().sum((1, 2, 3)).tolist() == [5**2, 25**2]
    sigma = torch.full((2, 60, 60), 3.0)
    sigma[0, :, 10:50] = 0.5
    assert convolve(images, SigmaMap(sigma), "zeros").isnan().sum((1, 2, 3)).tolist() == [5**2, 25**2]


def test_deconvolution_refuses_a_pixel_that_is_no_number() -> None:
    images = torch.rand(1, 1, 24, 24)
    images[0, 0, 3, 3] = torch.nan
    with pytest.raises(UsageError, match="spreads every pixel over the whole image"):
        wiener(images, GAUSSIAN)


# --- what is returned is not what was given ------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 1, 20, 20), (0, 1, 20, 20), (2, 0, 20, 20)], ids=str)
def test_what_convolve_gives_shares_no_memory_with_what_it_got(shape: tuple[int, ...]) -> None:
    images = torch.rand(shape)
    for psf in (delta(shape[0]), GaussianPsf(torch.zeros(shape[0])), DensePsf(torch.ones(shape[0], 1, 1))):
        before, blurred = images.clone(), convolve(images, psf)
        assert torch.equal(blurred, images)
        blurred += 1
        assert torch.equal(images, before)


def test_images_made_in_inference_mode_and_strided_ones_are_blurred_alike() -> None:
    plain = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    psf = GaussianPsf(torch.tensor([1.0, 2.0]))
    with torch.inference_mode():
        images = plain.clone()
    expected = convolve(plain, psf)
    assert torch.equal(convolve(images, psf), expected)
    assert not convolve(images, psf).is_inference()
    turned = plain.transpose(2, 3).contiguous().transpose(2, 3)
    for other in (turned, plain.to(memory_format=torch.channels_last), plain.repeat(1, 1, 1, 2)[..., :24]):
        assert torch.equal(convolve(other, psf), expected)
