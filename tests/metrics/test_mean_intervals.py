"""Intervals of means over pictures and seeds."""

from __future__ import annotations

import numpy as np
import pytest

from blurbench.metrics.mean_intervals import picture_mean_interval


def test_seeds_widen_an_interval() -> None:
    steady = np.array([[0.1, 0.2, 0.3, 0.2]] * 3)
    shaken = steady + np.array([[0.1], [-0.1], [0.0]])
    half = [
        interval.high - interval.estimate for interval in (picture_mean_interval(steady), picture_mean_interval(shaken))
    ]
    assert half[1] > 2 * half[0]
    assert picture_mean_interval(steady).estimate == pytest.approx(0.2)


def test_an_interval_of_a_few_pictures_holds_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    held = 0
    for _ in range(2000):
        found = picture_mean_interval(random.normal(0.3, 1.0, size=(1, 4)))
        held += found.low <= 0.3 <= found.high
    assert 0.93 < held / 2000 < 0.97
