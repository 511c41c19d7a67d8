"""What a plugin gave, checked where it is received."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from blurbench.contract import Degraded, DensePsf, DiscPsf, GaussianPsf, SigmaMap, TapsPsf
from blurbench.errors import NotFinite, PluginError
from blurbench.imaging.received import check_degraded, check_metric, check_psf, check_sigmas

IMAGES = torch.full((2, 1, 6, 8), 0.5)
ONES = torch.ones(2, dtype=torch.float64)


@pytest.mark.parametrize(
    "psf",
    [
        GaussianPsf(ONES),
        DiscPsf(ONES),
        DensePsf(torch.full((2, 3, 3), 1.005 / 9, dtype=torch.float64)),
        TapsPsf(torch.zeros(2, 4, 2, dtype=torch.int64), torch.full((2, 4), 0.25)),
        SigmaMap(torch.ones(2, 6, 8)),
    ],
)
def test_what_is_a_psf_for_each_image_is_taken(psf: Any) -> None:
    check_degraded("x", Degraded(IMAGES, psf, 0.1, "wrap"), IMAGES)


@pytest.mark.parametrize(
    ("psf", "says"),
    [
        (GaussianPsf(ONES[:1]), r"the sigma of a GaussianPsf of the shape \(1,\), wanted \(2,\)"),
        (GaussianPsf(-ONES), "a PSF whose sigma is negative or not finite"),
        (DiscPsf(ONES * math.inf), "a PSF whose radius is negative or not finite"),
        (DensePsf(torch.ones(2, 2, 2) / 4), "a DensePsf of 2x2; it must be k x k, k odd"),
        (DensePsf(torch.ones(2, 3, 3) / 8.9), "a PSF whose weights sum to 1.011"),
        (DensePsf(torch.full((2, 1, 1), math.nan)), "a PSF whose weights sum to nan"),
        (TapsPsf(torch.zeros(2, 3, 2, dtype=torch.int64), torch.ones(2, 4) / 4), "the offsets of a TapsPsf"),
        (SigmaMap(torch.ones(2, 8, 6)), r"the sigma of a SigmaMap of the shape \(2, 8, 6\)"),
        (ONES, "gave a tensor of the shape .* as PSF, wanted a GaussianPsf"),
    ],
)
def test_a_psf_that_is_of_other_images_or_loses_light_is_refused(psf: Any, says: str) -> None:
    with pytest.raises(PluginError, match=f"^x gave .*{says}" if not says.startswith("gave") else says):
        check_psf("x", psf, IMAGES)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (IMAGES, r"wanted blurbench\.contract\.Degraded\(images, psf or None\)"),
        (Degraded(IMAGES[:1], None), r"turned \(2, 1, 6, 8\) into \(1, 1, 6, 8\)"),
        (Degraded(IMAGES.long(), None), "wanted floating-point numbers on cpu"),
        (Degraded(IMAGES * 255, None), r"values from 127\.5 to 127\.5; images are on the scale of 0\.\.1"),
        (Degraded(IMAGES, None, -0.1), "noise_std -0.1, wanted a number"),
        (Degraded(IMAGES, None, 0.0, "black"), "padding 'black', wanted one of reflect"),  # type: ignore[arg-type]
    ],
)
def test_what_does_not_say_how_these_images_look_blurred_is_refused(given: Any, says: str) -> None:
    with pytest.raises(PluginError, match=says):
        check_degraded("x", given, IMAGES)


def test_what_is_no_number_is_told_from_what_is_out_of_range() -> None:
    with pytest.raises(NotFinite):
        check_degraded("x", Degraded(IMAGES / 0, None), IMAGES)
    with pytest.raises(NotFinite):
        check_sigmas("x", torch.tensor([1.0, math.nan]), (2,), (0.0, 3.0))
    with pytest.raises(PluginError, match=r"x gave 1 to 3\.1, beyond its limits 0 to 3"):
        check_sigmas("x", torch.tensor([1.0, 3.1]), (2,), (0.0, 3.0))
    check_sigmas("x", torch.tensor([1.0, 3.00001]), (2,), (0.0, 3.0))


def test_a_metric_may_say_nothing_of_an_image_and_no_infinity() -> None:
    check_metric("x", torch.tensor([0.5, math.nan]), 2, (0.0, 1.0))
    with pytest.raises(NotFinite, match="what it cannot say of an image is NaN"):
        check_metric("x", torch.tensor([0.5, math.inf]), 2, (0.0, math.inf))
    with pytest.raises(PluginError, match="gave 2, beyond its limits 0 to 1"):
        check_metric("x", torch.tensor([0.5, 2.0]), 2, (0.0, 1.0))
    with pytest.raises(PluginError, match=r"numbers of torch\.int64"):
        check_metric("x", torch.tensor([0, 1]), 2, (0.0, 1.0))
