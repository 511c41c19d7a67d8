"""ImageNet-C's four blurs: the printed parameters, and the published programme's formulas written out once more."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.ndimage
import torch
from blurbench_blurs.imagenet_c import DEFOCUS, GLASS, MOTION, ZOOM, ImagenetC
from blurbench_blurs.zoom import Zoom

from blurbench.errors import UsageError
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import dense
from blurbench.registry import Registry

SEVERITIES = pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])


def draws(n: int = 2) -> Draws:
    return Draws(range(n), 1, ("test",))


def photographs(side: int = 64) -> torch.Tensor:
    from skimage import data

    pictures = [data.astronaut()[:256, :256], data.coffee()[:256, :256]]
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255
    return torch.nn.functional.interpolate(x, side, mode="area")


def test_the_parameters_are_the_printed_ones() -> None:
    assert DEFOCUS == ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5))
    assert GLASS == ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))
    assert MOTION == ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))


@SEVERITIES
def test_zoom_has_the_factors_that_numpy_makes_of_the_printed_ranges(severity: int) -> None:
    end, step = [(1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)][severity - 1]
    # Rounding lets the first range reach 1.11, its printed end.
    np.testing.assert_allclose(Zoom(*ZOOM[severity - 1]).factors(), np.arange(1, end, step))


@SEVERITIES
def test_defocus_is_the_softened_disc_of_the_programme(severity: int) -> None:
    radius, sigma = DEFOCUS[severity - 1]
    place = np.arange(-max(8, radius), max(8, radius) + 1)
    disc = (place[:, None] ** 2 + place**2 <= radius**2).astype(np.float32)
    reach = 1 if radius <= 8 else 2  # OpenCV's kernel of 3 or 5 taps, and its mirrored border
    expected = scipy.ndimage.gaussian_filter(disc / disc.sum(), sigma, radius=reach, mode="mirror")
    x = photographs()
    seen = ImagenetC("defocus", severity).degrade(x, draws())
    psf = dense(seen.psf).weights[0].numpy()
    np.testing.assert_allclose(psf, expected / expected.sum(), atol=1e-7)
    blurred = scipy.ndimage.correlate(x[0, 0].numpy(), expected, mode="mirror")
    assert expected.sum() == pytest.approx({8: 1.013, 10: 1.0108}.get(radius, 1), abs=1e-4)
    np.testing.assert_allclose(seen.images[0, 0].numpy(), blurred / expected.sum(), atol=1e-5)


@SEVERITIES
def test_motion_reads_half_a_gaussian_along_the_drawn_angle(severity: int) -> None:
    radius, sigma = MOTION[severity - 1]
    x = photographs()
    seen = ImagenetC("motion", severity).degrade(x, draws()).images
    angles = np.deg2rad(-45 + 90 * draws().uniform("angle")[:, 0])
    for image, angle, found in zip(x.numpy(), angles, seen.numpy(), strict=True):
        taps = [math.exp(-(i**2) / (2 * sigma**2)) for i in range(2 * radius + 1)]
        expected = np.zeros_like(image)
        rows, columns = np.indices(image.shape[1:])
        for i, tap in enumerate(taps):
            dy, dx = math.ceil(i * math.sin(angle) - 0.5), math.ceil(i * math.cos(angle) - 0.5)
            read = image[:, np.clip(rows + dy, 0, 63), np.clip(columns + dx, 0, 63)]
            expected += tap / sum(taps) * read
        np.testing.assert_allclose(found, expected, atol=1e-5)


@SEVERITIES
def test_glass_is_the_programme_s_with_our_random_numbers(severity: int) -> None:
    sigma, furthest, times = GLASS[severity - 1]
    x = photographs(32)
    seen = ImagenetC("glass", severity).degrade(x, draws()).images
    count = len(range(32 - furthest, furthest, -1)) ** 2
    for index in range(2):
        picture = x[index].permute(1, 2, 0).numpy().astype(np.float64)
        picture = scipy.ndimage.gaussian_filter(picture, (sigma, sigma, 0), mode="nearest")
        for time in range(times):
            moves = Draws([index], 1, ("test",)).uniform(f"moves {time}", 2 * count)[0].reshape(2, count)
            steps = iter(np.floor(moves * 2 * furthest).astype(int).T - furthest)
            for row in range(32 - furthest, furthest, -1):
                for column in range(32 - furthest, furthest, -1):
                    dy, dx = next(steps)
                    there, here = picture[row + dy, column + dx], picture[row, column]
                    picture[row, column], picture[row + dy, column + dx] = there, here
        expected = scipy.ndimage.gaussian_filter(picture, (sigma, sigma, 0), mode="nearest")
        np.testing.assert_allclose(seen[index].permute(1, 2, 0).numpy(), expected, atol=2e-3)


def zoomed_as_published(picture: np.ndarray, factor: float) -> np.ndarray:
    side = picture.shape[0]
    crop = math.ceil(side / factor)
    top = (side - crop) // 2
    large = scipy.ndimage.zoom(picture[top : top + crop, top : top + crop], (factor, factor, 1), order=1)
    trim = (large.shape[0] - side) // 2
    return large[trim : trim + side, trim : trim + side]


@SEVERITIES
def test_zoom_is_near_the_programme_s(severity: int) -> None:
    x = photographs(224)
    seen = ImagenetC("zoom", severity).degrade(x, draws()).images[0].permute(1, 2, 0).numpy()
    picture = x[0].permute(1, 2, 0).numpy()
    copies = [zoomed_as_published(picture, factor) for factor in Zoom(*ZOOM[severity - 1]).factors()]
    published = (picture + sum(copies)) / (len(copies) + 1)
    lost = np.sqrt(np.mean((published - picture) ** 2))
    assert np.sqrt(np.mean((published - seen) ** 2)) < 0.2 * lost


def test_only_a_convolution_has_a_psf() -> None:
    x = photographs(48)
    kinds = ("defocus", "glass", "motion", "zoom")
    known = {kind: ImagenetC(kind, 1).degrade(x, draws()).psf is not None for kind in kinds}  # type: ignore[arg-type]
    assert known == {"defocus": True, "glass": False, "motion": True, "zoom": False}
    assert ImagenetC("glass", 3).families() == (("glass", {"severity of ImageNet-C": 3}),)


def test_there_are_five_severities(registry: Registry) -> None:
    with pytest.raises(UsageError, match="between 1 and 5, not 6"):
        registry.resolve("blurs", "imagenet-c[kind=zoom, severity=6]")
