"""Errors of maps of sigma, against the figures worked out for the report's ramp and sine."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from blurbench_blurs.varying_gaussian import VaryingGaussian
from blurbench_estimators.cnn_sigma import CnnSigma

from blurbench.imaging.windows import at_centres
from blurbench.metrics.sigma_maps import nearest_answer, smoothed, varies_along

WINDOWS = 609
"""Along a side of 640 pixels."""


def truth(blur: VaryingGaussian) -> torch.Tensor:
    """True sigma (1, 609, 609) at the centres of all windows of a 640x640 picture."""
    return at_centres(blur.profile(640).expand(1, 640, 640), 32)


def mse(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).square().mean())


@pytest.mark.parametrize(
    ("pattern", "classes", "low", "expected"),
    [("ramp", 30, 0.1, 0.00083), ("sine", 30, 0.1, 0.00078), ("ramp", 10, 0.3, 0.0075), ("sine", 10, 0.1, 0.0094)],
)
def test_a_perfect_classifier_is_off_by_its_steps_alone(
    pattern: str, classes: int, low: float, expected: float
) -> None:
    estimator = CnnSigma(classes=classes)
    true = truth(VaryingGaussian(pattern, low=low))  # type: ignore[arg-type]
    assert true.shape == (1, WINDOWS, WINDOWS)
    best = nearest_answer(true, estimator.answers, estimator.limits)
    assert mse(best, true) == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize(("pattern", "expected"), [("ramp", 0.70), ("sine", 1.03)])
def test_the_best_constant_misses_by_the_variance(pattern: str, expected: float) -> None:
    whole = VaryingGaussian(pattern).profile(640)  # type: ignore[arg-type]
    assert float(whole.var(correction=0)) == pytest.approx(expected, abs=0.03)


def test_taking_a_window_s_first_pixel_for_its_centre_costs_0_106_on_the_sine_alone() -> None:
    sine, ramp = (VaryingGaussian(pattern).profile(640) for pattern in ("sine", "ramp"))
    assert mse(sine[:-16], sine[16:]) == pytest.approx(0.106, abs=0.0005)
    assert mse(ramp[:-16], ramp[16:]) == pytest.approx(0.0053, abs=0.0001)


def test_smoothing_a_perfect_classifier_s_ramp_takes_most_of_its_steps_away() -> None:
    true = truth(VaryingGaussian("ramp"))
    estimator = CnnSigma(classes=30)
    raw = nearest_answer(true, estimator.answers, estimator.limits)
    smooth = smoothed(raw, 31)
    inside = slice(15, -15)
    assert mse(raw, true) == pytest.approx(0.00083, abs=0.00001)
    assert mse(smooth[..., inside], true[..., inside]) == pytest.approx(0.000023, abs=0.000005)


def test_the_moving_average_shrinks_evenly_at_the_ends() -> None:
    values = np.array([1.0, 5.0, 3.0, 2.0, 9.0, 4.0])
    expected = [1.0, 3.0, np.mean(values[:5]), np.mean(values[1:]), 5.0, 4.0]
    assert smoothed(torch.from_numpy(values)[None, None], 5)[0, 0].tolist() == pytest.approx(expected)


def test_a_span_of_one_changes_nothing_and_the_other_axis_is_the_same_turned() -> None:
    values = torch.rand(2, 7, 9)
    torch.testing.assert_close(smoothed(values, 1), values)
    torch.testing.assert_close(smoothed(values, 5, axis=-2), smoothed(values.mT, 5).mT)


def test_the_direction_of_change_is_found() -> None:
    ramp = torch.linspace(0, 1, 6).expand(2, 4, 6)
    assert (varies_along(ramp), varies_along(ramp.mT), varies_along(torch.ones(2, 4, 6))) == (-1, -2, -1)


def test_an_estimator_of_any_number_is_bounded_by_its_limits_alone() -> None:
    true = torch.tensor([0.05, 1.234, 5.0])
    assert nearest_answer(true, None, (0.1, 3.0)).tolist() == pytest.approx([0.1, 1.234, 3.0])
    assert nearest_answer(true, (1.0, 2.0), (1.0, 2.0)).tolist() == [1.0, 1.0, 2.0]
