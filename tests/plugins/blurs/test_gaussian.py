"""The blur `gaussian`."""

from __future__ import annotations

from blurbench_blurs.gaussian import Gaussian

from blurbench.contract import Choice, GaussianPsf, Range
from tests.plugins.blurs.drawn import draws, images


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
