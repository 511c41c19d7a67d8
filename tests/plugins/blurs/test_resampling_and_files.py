"""zoom, downscale, jpeg, linear-light and one-of."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from blurbench_blurs.box import Box
from blurbench_blurs.chain import Chain
from blurbench_blurs.downscale import Downscale
from blurbench_blurs.gaussian import Gaussian
from blurbench_blurs.gaussian_noise import GaussianNoise
from blurbench_blurs.jpeg import Jpeg
from blurbench_blurs.linear_light import LinearLight
from blurbench_blurs.none import NoBlur
from blurbench_blurs.one_of import OneOf
from blurbench_blurs.zoom import Zoom
from PIL import Image

from blurbench.contract import Blur, Choice, Range
from blurbench.errors import Skip, UsageError
from blurbench.imaging.draws import Draws
from blurbench.registry import Registry


def draws(n: int = 2) -> Draws:
    return Draws(range(n), 1, ("test",))


def photographs(side: int = 64) -> torch.Tensor:
    from skimage import data

    x = torch.from_numpy(np.stack([data.astronaut()[:256, :256], data.coffee()[:256, :256]]))
    return torch.nn.functional.interpolate(x.permute(0, 3, 1, 2).float() / 255, side, mode="area")


# --- zoom ----------------------------------------------------------------------------------------------------------


def test_zoom_leaves_the_centre_and_blurs_a_ring_the_more_the_further_out() -> None:
    y, x = np.indices((65, 65)) - 32.0
    rings = torch.from_numpy(0.5 + 0.5 * np.cos(np.hypot(y, x) * 2))[None, None].float()
    seen = Zoom(1.2, 0.01).degrade(rings, draws(1)).images
    contrast = [
        float(seen[0, 0, 32, 32 + r : 38 + r].std() / rings[0, 0, 32, 32 + r : 38 + r].std()) for r in (0, 8, 24)
    ]
    assert contrast[0] > contrast[1] > contrast[2]
    assert float(seen[0, 0, 32, 32]) == pytest.approx(1, abs=0.02)


def test_a_copy_is_enlarged_about_the_centre() -> None:
    ramp = torch.arange(21.0).expand(1, 1, 21, 21) / 20
    seen = Zoom(1.5, 0.5).degrade(ramp, draws(1)).images
    place = np.arange(21) - 10.0
    expected = (2 * (place + 10) + (place / 1.5 + 10)) / 3 / 20
    np.testing.assert_allclose(seen[0, 0, 5].numpy(), expected, atol=1e-5)


def test_zoom_of_1_changes_nothing() -> None:
    x = photographs()
    torch.testing.assert_close(Zoom(1.0).degrade(x, draws()).images, x)


# --- downscale -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "filter"), [("bilinear", Image.Resampling.BILINEAR), ("bicubic", Image.Resampling.BICUBIC)]
)
@pytest.mark.parametrize("factor", [2, 3, 4.5])
def test_reducing_is_pillow_s(method: str, filter: int, factor: float) -> None:  # noqa: A002
    x = photographs()
    seen = Downscale(factor, method).degrade(x, draws()).images  # type: ignore[arg-type]
    few = round(64 / factor)
    for channel in range(3):
        picture = Image.fromarray(x[0, channel].numpy())
        expected = torch.from_numpy(np.asarray(picture.resize((few, few), filter)).copy())[None, None]
        large = torch.nn.functional.interpolate(expected, 64, mode=method, align_corners=False)
        np.testing.assert_allclose(seen[0, channel].numpy(), large[0, 0].clamp(0, 1).numpy(), atol=0.02)


def test_downscale_leaves_what_the_few_pixels_can_hold() -> None:
    flat = torch.full((1, 1, 30, 20), 0.3)
    torch.testing.assert_close(Downscale(4).degrade(flat, draws(1)).images, flat)
    assert Downscale(1.0).degrade(flat, draws(1)).images is flat
    assert Downscale(64).degrade(flat, draws(1)).images.shape == flat.shape


# --- jpeg ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_jpeg_is_a_real_file_of_that_quality(subsampling: str) -> None:
    x = photographs()
    seen = Jpeg(30, subsampling).degrade(x, draws()).images  # type: ignore[arg-type]
    file = io.BytesIO()
    pixels = (x[1] * 255).round().byte().permute(1, 2, 0).numpy()
    Image.fromarray(pixels).save(file, "JPEG", quality=30, subsampling=subsampling)
    expected = np.asarray(Image.open(file))
    np.testing.assert_array_equal((seen[1] * 255).round().byte().permute(1, 2, 0).numpy(), expected)


def test_a_lower_quality_loses_more_and_is_drawn_for_each_image() -> None:
    x = photographs()
    errors = [float((Jpeg(q).degrade(x, draws()).images - x).square().mean()) for q in (95, 50, 10, 2)]
    assert errors == sorted(errors)
    several = x[:1].expand(30, -1, -1, -1)
    seen = Jpeg(Choice((10, 90))).degrade(several, draws(30)).images
    assert len(seen.flatten(1).unique(dim=0)) == 2


def test_grey_images_become_grey_files_and_the_psf_of_the_blur_before_is_kept() -> None:
    grey = photographs()[:, :1]
    seen = Chain((Gaussian(1.0), Jpeg(80))).degrade(grey, draws())
    assert seen.images.shape == grey.shape
    assert seen.psf is not None
    assert seen.noise_std > 0
    with pytest.raises(Skip, match="not of 4 channels"):
        Jpeg(80).degrade(torch.rand(1, 4, 8, 8), draws(1))


# --- linear-light --------------------------------------------------------------------------------------------------


def test_light_adds_up_where_codes_do_not() -> None:
    stripes = (torch.arange(32) % 2).float().expand(1, 1, 32, 32)
    grey = LinearLight(Box(9)).degrade(stripes, draws(1)).images[0, 0, 16, 8:24]
    light = 4.5 / 9  # about half of the light, which sRGB codes as 188 of 255
    assert float(grey.mean()) == pytest.approx(1.055 * light ** (1 / 2.4) - 0.055, abs=0.02)
    assert float(grey.mean() * 255) == pytest.approx(188, abs=6)


def test_codes_survive_a_blur_that_does_nothing_and_are_tagged() -> None:
    codes = torch.arange(256).float().view(1, 1, 16, 16) / 255
    blur = LinearLight(NoBlur())
    torch.testing.assert_close(blur.degrade(codes, draws(1)).images, codes, atol=1e-6, rtol=0)
    assert LinearLight(Gaussian(2.0)).families()[0][1]["linear light"] == 1.0
    assert LinearLight(Gaussian(2.0)).degrade(codes, draws(1)).psf is None


# --- one-of --------------------------------------------------------------------------------------------------------


def test_each_image_meets_one_blur_as_it_would_alone() -> None:
    blurs: tuple[Blur, ...] = (NoBlur(), Gaussian(Range(1, 2)), GaussianNoise(10))
    x = photographs()[:1].expand(90, -1, -1, -1)
    seen = OneOf(blurs).degrade(x, draws(90)).images
    each = [blur.degrade(x, draws(90).at(i)).images for i, blur in enumerate(blurs)]
    matches = torch.stack([(seen - other).abs().flatten(1).amax(1) < 1e-6 for other in each])
    assert matches.sum(0).tolist() == [1] * 90
    assert all(15 < count < 50 for count in matches.sum(1).tolist())
    alone = OneOf(blurs).degrade(x[:1], Draws([33], 1, ("test",))).images
    torch.testing.assert_close(alone, seen[33:34], rtol=0, atol=1e-6)


def test_the_families_are_those_of_all_blurs(registry: Registry) -> None:
    blur = registry.resolve("blurs", {"name": "one-of", "blurs": ["gaussian[sigma=2]", "defocus[radius=3]"]})
    assert [family for family, _ in blur.families()] == ["gaussian", "defocus"]
    with pytest.raises(UsageError, match="at least one blur"):
        registry.resolve("blurs", {"name": "one-of", "blurs": []})
