"""A paper's figures beside errors of maps of sigma."""

from __future__ import annotations

import pytest

from blurbench.papers.estimations import Estimations, Reading, fill, over
from blurbench.papers.published import Anchor
from blurbench.store.record import Line, Record
from tests.builders import estimated, estimator_board

NEAR, FAR, LOST = (Reading(name, "", "", "text", "ramp") for name in ("near", "far", "lost"))
SMOOTHED = Reading("near", "", "", "text", "ramp", smoothed=True)
FIGURE = Anchor("s000.t1", "Table 1", "near", "ramp", 0.1, "mse", None, "")
PICTURES = 12


@pytest.fixture
def found() -> Estimations:
    """Two seeds of two estimators: one is off by more on every picture."""
    lines: list[Line] = []
    records: dict[str, Record] = {}
    for reading, mse in ((NEAR, 0.1), (FAR, 0.5)):
        for seed in (0, 1):
            lines.append(line := Line(key=f"{len(lines):032x}", seed=seed, labels=reading.labels))
            raw = [mse + 0.01 * (picture % 3) + 0.02 * seed for picture in range(PICTURES)]
            records[line.key] = estimated(line, raw, [value / 4 for value in raw], {"still_improving": False})
    return Estimations(estimator_board(lines), records)


def test_a_figure_stands_beside_the_mean_over_seeds(found: Estimations) -> None:
    cell = fill(found, FIGURE, NEAR, "mse")
    assert (cell.measured, cell.published) == (pytest.approx(0.12), 0.1)
    assert (cell.images, cell.seeds) == (PICTURES, 2)
    assert fill(found, FIGURE, NEAR, "rmse").measured == pytest.approx(0.12**0.5)
    assert fill(found, FIGURE, SMOOTHED, "mse").measured == pytest.approx(0.03)


def test_what_was_not_measured_has_a_reason(found: Estimations) -> None:
    assert fill(found, FIGURE, LOST, "mse").reason
    assert over(found, "x", LOST, NEAR).reason == over(found, "x", NEAR, LOST).reason != ""


def test_more_error_on_every_picture_is_more_error(found: Estimations) -> None:
    row = over(found, "far is worse", FAR, NEAR)
    assert row.interval is not None
    assert (row.unit, row.interval.estimate, row.seeds) == ("squared pixels", pytest.approx(0.4), 2)
    assert row.verdict == "holds"
    assert over(found, "near is worse", NEAR, FAR).verdict == "does not hold"
