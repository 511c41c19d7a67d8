"""Intervals of shares and of the calibration error, against a bootstrap and where they are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from blurbench.metrics.accuracy import calibration_error
from blurbench.metrics.intervals import mean_interval
from blurbench.metrics.ratios import calibration_interval, mean_ratio_interval

IMAGES = 800


@pytest.fixture
def pair() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors of a row and of a reference, one seed: they are mostly wrong on the same images."""
    rng = np.random.default_rng(5)
    ease = rng.normal(size=(1, IMAGES))
    above, below = (ease + 0.2 * rng.normal(size=(1, IMAGES)) < limit for limit in (-0.7, -0.3))
    return above.astype(np.float64), below.astype(np.float64)


def test_a_share_has_the_interval_that_a_bootstrap_over_images_gives(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    above, below = pair
    rng = np.random.default_rng(6)
    picks = rng.integers(0, IMAGES, (4000, IMAGES))
    low, high = np.quantile(above[0][picks].mean(axis=1) / below[0][picks].mean(axis=1), (0.025, 0.975))

    found = mean_ratio_interval([[pair]])

    assert found is not None
    assert found.estimate == pytest.approx(above.mean() / below.mean())
    assert (found.low, found.high) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))


def test_a_share_of_a_fixed_number_has_the_interval_of_its_numerator(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    above = np.concatenate([pair[0], pair[1], pair[0][:, ::-1]])
    whole = mean_interval(above)

    half = mean_ratio_interval([[(above, np.full_like(above, 2.0))]])

    assert half is not None
    assert (half.low, half.high) == (pytest.approx(whole.low / 2), pytest.approx(whole.high / 2))


def test_shares_of_one_data_set_are_not_independent_those_of_several_are(
    pair: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    alone, twice, apart = (mean_ratio_interval(one) for one in ([[pair]], [[pair, pair]], [[pair], [pair]]))

    assert alone is not None
    assert twice is not None
    assert apart is not None
    assert twice.high - twice.low == pytest.approx(alone.high - alone.low)
    assert apart.high - apart.low == pytest.approx((alone.high - alone.low) / 2**0.5)


def test_there_is_no_share_of_nothing() -> None:
    assert mean_ratio_interval([]) is None
    assert mean_ratio_interval([[(np.ones((1, 3)), np.zeros((1, 3)))]]) is None


def test_the_calibration_error_stands_in_its_interval_which_a_bootstrap_confirms() -> None:
    rng = np.random.default_rng(7)
    confidence = rng.uniform(0.3, 1, (1, 1000))
    correct = rng.random((1, 1000)) < confidence - 0.2
    picks = rng.integers(0, 1000, (1000, 1000))
    spread = np.std([calibration_error(confidence[0][one], correct[0][one]) for one in picks])

    found = calibration_interval(confidence, correct)

    assert found.estimate == pytest.approx(calibration_error(confidence[0], correct[0]))
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * spread, rel=0.15)


def test_the_calibration_error_of_several_seeds_is_their_mean() -> None:
    confidence = np.array([[0.95, 0.95, 0.55, 0.55], [0.95, 0.15, 0.55, 0.55]])
    correct = np.array([[True, False, True, True], [True, True, False, True]])

    found = calibration_interval(confidence, correct)

    errors = [calibration_error(*one) for one in zip(confidence, correct, strict=True)]
    assert found.estimate == pytest.approx(np.mean(errors))
    assert found.low >= 0
