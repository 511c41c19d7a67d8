"""PSFs of a lens against the analytic patterns of diffraction and against rays."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from blurbench_blurs.lens import Lens
from blurbench_blurs.wavefront import half_width, pixel_psf
from scipy.special import j1

from blurbench.contract import Blur, DensePsf, DiscPsf, Range
from blurbench.errors import Skip, UsageError
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import dense
from blurbench.registry import Registry

FINE = Lens(f_number=16.0, pitch=1.0)  # wavelength f-number / pitch: 8.64 pixels
BLUR = 0.54 * 16.0


def draws(n: int = 1) -> Draws:
    return Draws(range(n), 1, ("test",))


def weights(blur: Blur, n: int = 1) -> torch.Tensor:
    return dense(blur.psf(draws(n))).weights


def middle_row(psf: torch.Tensor) -> np.ndarray:
    """From the centre to the right."""
    half = psf.shape[-1] // 2
    return psf[half, half:].numpy()


def moments(psf: torch.Tensor) -> tuple[float, float, float, float]:
    """Centroid and variance along the rows, then down the columns."""
    place = torch.arange(psf.shape[-1], dtype=torch.float64) - psf.shape[-1] // 2
    across, down = psf.sum(0), psf.sum(1)
    x, y = float((across * place).sum()), float((down * place).sum())
    return x, float((across * place**2).sum()) - x**2, y, float((down * place**2).sum()) - y**2


def test_without_aberrations_the_profile_is_the_airy_pattern() -> None:
    row = middle_row(weights(FINE)[0])
    v = math.pi * np.arange(1, 31) / BLUR
    airy = (2 * j1(v) / v) ** 2
    np.testing.assert_allclose(row[1:31] / row[0], airy, atol=4e-3)


def test_the_first_dark_ring_lies_at_1_22_wavelengths_times_the_f_number() -> None:
    row = middle_row(weights(FINE)[0])
    darkest = int(np.argmin(row[: round(1.6 * BLUR)]))
    assert darkest == pytest.approx(1.2197 * BLUR, abs=0.6)
    assert row[darkest] < 2e-3 * row[0]


def test_the_ring_lies_closer_in_blue_and_further_in_red() -> None:
    rings = [int(np.argmin(middle_row(pixel_psf(torch.zeros(6), b, 40))[: round(1.6 * b)])) for b in (5, 8, 12)]
    assert rings == [round(1.2197 * b) for b in (5, 8, 12)]


def test_light_within_a_radius_is_rayleigh_s_encircled_energy() -> None:
    psf = weights(Lens(f_number=16.0, pitch=1.0))[0]
    half = psf.shape[-1] // 2
    place = torch.arange(-half, half + 1).double()
    r = torch.hypot(place[:, None], place)

    def encircled(radius: float) -> float:
        from scipy.special import j0

        v = math.pi * radius / BLUR
        return float(1 - j0(v) ** 2 - j1(v) ** 2)

    kept = encircled(half)  # of all light; the rest lies outside, and the corners hold a little more
    for radius in (8.5, 10.54, 20.5):
        assert float(psf[r <= radius].sum()) * kept == pytest.approx(encircled(radius), abs=0.02)


@pytest.mark.parametrize("waves", [0.05, 0.15, 0.25])
def test_defocus_dims_the_centre_as_strehl_s_ratio_says(waves: float) -> None:
    sharp, blurred = (pixel_psf(torch.tensor([c, 0, 0, 0, 0, 0]), 8.0, 200) for c in (0.0, waves))
    expected = np.sinc(2 * math.sqrt(3) * waves) ** 2
    assert float(blurred[200, 200] / sharp[200, 200]) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("term", range(1, 6))
def test_a_small_aberration_of_any_kind_dims_the_centre_as_marechal_says(term: int) -> None:
    waves = torch.zeros(6)
    waves[term] = 0.05
    sharp, blurred = (pixel_psf(w, 8.0, 200) for w in (torch.zeros(6), waves))
    assert float(blurred[200, 200] / sharp[200, 200]) == pytest.approx(1 - (2 * math.pi * 0.05) ** 2, abs=0.01)


def test_strong_defocus_is_the_disc_of_geometrical_optics() -> None:
    blur, waves = 0.25, 2.0
    psf = pixel_psf(torch.tensor([waves, 0, 0, 0, 0, 0]), blur, 12)
    disc = dense(DiscPsf(torch.tensor([2 * blur * 4 * math.sqrt(3) * waves])))
    smooth = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    smooth = torch.nn.functional.avg_pool2d(smooth, 5, 1, 2)
    by_lens, by_rays = (convolve(smooth, kernel, "replicate") for kernel in (DensePsf(psf[None]), disc))
    contrast = float((smooth - by_rays).square().mean().sqrt())
    assert float((by_lens - by_rays).square().mean().sqrt()) < 0.1 * contrast
    _, across, _, down = moments(psf)
    assert (across, down) == pytest.approx((6.93**2 / 4,) * 2, rel=0.1)


def test_coma_points_right_or_down_and_its_centroid_is_that_of_the_rays() -> None:
    for term, axis in ((3, 0), (4, 2)):
        waves = torch.zeros(6)
        waves[term] = 0.5
        centroid = moments(pixel_psf(waves, 1.0, 60))
        # The mean slope of the wavefront over the pupil is sqrt(8) times the coefficient.
        assert centroid[axis] == pytest.approx(2 * math.sqrt(8) * 0.5, rel=0.05)
        assert centroid[2 - axis] == pytest.approx(0, abs=1e-9)


def test_astigmatism_is_a_saddle_and_with_defocus_a_line() -> None:
    # sqrt(6) a = 2 sqrt(3) d: along the columns the wavefront is flat, along the rows it bends twice as much.
    d = 0.7
    line = pixel_psf(torch.tensor([d, math.sqrt(2) * d, 0, 0, 0, 0]), 0.3, 12)
    _, across, _, down = moments(line)
    assert across > 5 * down
    slanted = pixel_psf(torch.tensor([d, 0, math.sqrt(2) * d, 0, 0, 0]), 0.3, 12)
    place = torch.arange(-12, 13).double()
    assert float((slanted * place[:, None] * place).sum()) > 0.5 * across / 2  # down to the right
    torch.testing.assert_close(moments(slanted)[1], moments(slanted)[3])


def test_psfs_sum_to_one_and_hold_the_rays() -> None:
    blur = Lens(Range(-1, 1), Range(-0.5, 0.5), coma_x=0.3, spherical=Range(0, 0.3))
    psfs = weights(blur, 12)
    torch.testing.assert_close(psfs.sum((1, 2)), torch.ones(12).double())
    assert float(psfs.min()) >= 0
    assert psfs.shape[-1] // 2 == half_width((1, 0.5, 0, 0.3, 0, 0.3), 0.54 * 2.8 / 2)
    edge = psfs.sum((1, 2)) - psfs[:, 1:-1, 1:-1].sum((1, 2))
    assert float(edge.max()) < 0.01


def test_an_image_is_blurred_the_same_alone_and_in_a_batch() -> None:
    blur, x = Lens(Range(-1, 1)), torch.rand(6, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    together = blur.degrade(x, draws(6)).images
    alone = blur.degrade(x[4:5], Draws([4], 1, ("test",))).images
    torch.testing.assert_close(together[4:5], alone, rtol=0, atol=1e-6)


def test_each_colour_is_blurred_by_its_own_psf_and_grey_by_the_second() -> None:
    blur = Lens(defocus=0.4)
    x = torch.rand(2, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    seen = blur.degrade(x, draws(2))
    assert seen.psf is None
    for channel, length in enumerate(blur.wavelengths):
        # The same path, so fewer of the longer waves.
        same = Lens(defocus=0.4 * 540 / length, wavelengths=(length,) * 3)
        expected = convolve(x[:, channel : channel + 1], same.psf(draws(2)), "replicate")
        torch.testing.assert_close(seen.images[:, channel : channel + 1], expected, rtol=0, atol=1e-4)
    grey = blur.degrade(x[:, 1:2], draws(2))
    torch.testing.assert_close(grey.images, seen.images[:, 1:2])
    assert isinstance(grey.psf, DensePsf)
    assert isinstance(replace(blur, wavelengths=(500.0,) * 3).degrade(x, draws(2)).psf, DensePsf)


def test_images_of_two_channels_are_declined() -> None:
    with pytest.raises(Skip, match="not 2 channels"):
        Lens().degrade(torch.rand(1, 2, 40, 40), draws())


def test_units_are_named_where_a_value_is_refused(registry: Registry) -> None:
    with pytest.raises(UsageError, match="between -2 and 2 waves, not 3"):
        registry.resolve("blurs", "lens[defocus=3]")
    with pytest.raises(UsageError, match="between 200 and 2000 nanometres"):
        registry.resolve("blurs", "lens[wavelengths=[0.62, 0.54, 0.46]]")
