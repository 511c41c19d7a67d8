"""Where a worker's seconds go."""

from __future__ import annotations

import time

import pytest

from blurbench.running.stopwatch import Stopwatch


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, as it is set."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def test_nested_phases_count_once_in_the_inner_one(clock: list[float]) -> None:
    watch = Stopwatch()
    with watch.phase("outer"):
        clock[0] = 1.0
        with watch.phase("inner"):
            clock[0] = 3.0
        clock[0] = 7.0
    clock[0] = 100.0
    with watch.phase("inner"):
        clock[0] = 101.0
    assert watch.seconds == {"outer": 5.0, "inner": 3.0}


def test_what_fails_is_booked_too(clock: list[float]) -> None:
    watch = Stopwatch()

    def fail() -> None:
        with watch.phase("failing"):
            clock[0] = 2.0
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (watch.seconds, watch.running) == ({"failing": 2.0}, [])
