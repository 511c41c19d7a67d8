"""How numbers read."""

from __future__ import annotations

import pytest

from blurbench.board.render.formatting import duration


@pytest.mark.parametrize(
    ("seconds", "of", "shown"),
    [
        (0.4, "", "less than a second"),
        (1.2, "", "1 second"),
        (11, "worker-", "11 worker-seconds"),
        (89, "", "89 seconds"),
        (90, "", "1.5 minutes"),
        (22.3 * 60, "", "22 minutes"),
        (2 * 3600, "worker-", "2 worker-hours"),
        (6348 * 60, "", "106 hours"),
        (3600 * 12345.6, "worker-", "12,346 worker-hours"),
    ],
)
def test_a_duration_is_told_in_fitting_units(seconds: float, of: str, shown: str) -> None:
    assert duration(seconds, of) == shown
