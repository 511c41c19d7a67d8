"""The disc and the square."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.ndimage
import torch
from blurbench_blurs.box import Box
from blurbench_blurs.defocus import Defocus

from blurbench.contract import DiscPsf, Range
from blurbench.errors import UsageError
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import dense
from blurbench.registry import Registry


def draws(n: int = 3) -> Draws:
    return Draws(range(n), 1, ("test",))


def images(n: int = 3, side: int = 28) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((n, 3, side, side), dtype=np.float32))


def test_defocus_of_one_pixel_has_the_golden_weights() -> None:
    corner, edge, centre = 0.025078, 0.145344, 1 / math.pi
    expected = [[corner, edge, corner], [edge, centre, edge], [corner, edge, corner]]
    np.testing.assert_allclose(dense(Defocus(1).psf(draws(1))).weights[0].numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(("radius", "side", "centre"), [(2, 5, 0.079577), (3, 7, 0.035368), (4, 9, 0.019894)])
def test_defocus_is_just_wide_enough(radius: float, side: int, centre: float) -> None:
    weights = dense(Defocus(radius).psf(draws(1))).weights[0]
    assert weights.shape == (side, side)
    assert float(weights[side // 2, side // 2]) == pytest.approx(centre, abs=1e-6)


@pytest.mark.parametrize("radius", [0, 0.5])
def test_defocus_within_one_pixel_changes_nothing(radius: float) -> None:
    assert torch.equal(Defocus(radius).degrade(images(), draws()).images, images())


def test_the_radius_is_drawn_for_each_image_and_the_edge_is_repeated() -> None:
    blur = Defocus(Range(0, 4))
    psf = blur.psf(draws(50))
    assert isinstance(psf, DiscPsf)
    assert len(set(psf.radius.tolist())) == 50
    assert blur.degrade(images(side=6), draws()).padding == "replicate"
    assert blur.families() == (("defocus", {"radius": Range(0, 4), "padding": "replicate"}),)


@pytest.mark.parametrize("side", [1, 3, 9, 25])
def test_a_box_is_the_mean_over_its_square(side: int) -> None:
    blurred = Box(side).degrade(images(), draws()).images
    expected = scipy.ndimage.uniform_filter(images().numpy(), (1, 1, side, side), mode="mirror")
    np.testing.assert_allclose(blurred.numpy(), expected, atol=1e-5)


def test_a_box_reports_its_side() -> None:
    assert Box(5).families() == (("box", {"side": 5, "padding": "reflect"}),)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("defocus[radius=31]", "must lie between 0 and 30 pixels, not 31"),
        ("defocus", "needs the parameter 'radius'"),
        ("box[side=4]", "side must be odd"),
        ("box[side=101]", "must lie between 1 and 99, not 101"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(registry: Registry, expression: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        registry.resolve("blurs", expression)
