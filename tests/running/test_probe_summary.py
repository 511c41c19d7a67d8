"""Many pictures in a few numbers."""

from __future__ import annotations

import pytest

from blurbench.running.probe_summary import summary


def test_pictures_in_motion_count_as_blurred_and_their_sigmas_do_not_count() -> None:
    found = summary([0.5, 1.0, 3.0, 9.0, None], [False, False, False, True, False], refused=2, limit=3.0)
    assert found.sigmas.tolist() == [0.5, 1.0, 3.0]
    assert (found.pictures, found.refused, found.motion, found.blurred, found.unread) == (5, 2, 1, 3, 1)
    assert found.facts()["blurred_share"] == 0.75
    assert found.lines()[0] == (
        "4 pictures read (1 with nothing to read, 2 refused); 3 (75%) blurred: sigma 1.0 or more, 1 of them by motion"
    )


def test_quantiles_and_bins_follow_from_the_sigmas() -> None:
    found = summary([0.1 * number for number in range(11)], [False] * 11, refused=0, limit=3.0)
    assert found.quantiles() == pytest.approx({"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9})
    assert found.bins() == [(0.0, 3), (0.25, 2), (0.5, 3), (0.75, 2), (1.0, 1)]
    assert found.lines()[-1].split() == ["1.00", "to", "1.25", "1", "#" * 14]


def test_of_nothing_read_there_is_no_share_and_no_quantile() -> None:
    found = summary([None, None], [False, False], refused=0, limit=3.0)
    assert (found.quantiles(), found.bins(), found.facts()["blurred_share"]) == ({}, [(0.0, 0)], None)
    assert found.lines() == ["0 pictures read (2 with nothing to read)"]
