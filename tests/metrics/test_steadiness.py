"""Which rows are unsteady over seeds."""

from __future__ import annotations

import pytest

from blurbench.metrics.steadiness import unsteady


@pytest.mark.parametrize(
    ("by_seed", "wanted"),
    [
        ([[0.8, 0.81], [0.8, 0.3], [0.7, 0.71]], [False, True, False]),
        ([[0.8, 0.81], [0.8, 0.71], [0.7, 0.71]], [False, False, False]),  # 9 points
        ([[0.8, 0.75], [0.8, 0.66], [0.7, 0.75]], [False, False, False]),  # 14 points, beside 5
        ([[0.8, 0.75], [0.8, 0.64], [0.7, 0.75]], [False, True, False]),  # 16 points, beside 5
        ([[0.8, 0.3], [0.8, 0.3], [0.7, 0.2]], [False, False, False]),
        ([[0.8], [0.3]], [False, False]),
        ([[0.8, 0.3]], [True]),
        ([[], [0.8]], [False, False]),
        ([], []),
    ],
)
def test_a_row_is_unsteady_where_its_seeds_span_far_more_than_those_of_the_others(
    by_seed: list[list[float]], wanted: list[bool]
) -> None:
    assert unsteady(by_seed) == wanted
