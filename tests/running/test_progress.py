"""What a run says of how long it will take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from blurbench.matrix.tasks import Task
from blurbench.running import progress
from blurbench.running.scheduler import Event
from blurbench.running.session import Request, Session
from blurbench.running.worker import Answer
from tests.running.chores import Chore

DONE = Answer("")


@dataclass(frozen=True, eq=False)
class ChoreOfKind(Chore):
    """One that is like others of its kind."""

    what: tuple[str, str] = ("", "")

    @property
    def alike(self) -> tuple[str, str]:  # type: ignore[override]
        return self.what


class SlowChore(ChoreOfKind):
    """Of a kind that usually takes 12 seconds."""

    urgency = 2
    usual_seconds = 12.0


class QuickChore(ChoreOfKind):
    """Of a kind that usually takes half a second."""

    urgency = 0
    usual_seconds = 0.5


KINDS = {"restorer": SlowChore, "cell": QuickChore}


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def tasks(*wanted: tuple[str, str]) -> dict[str, Task]:
    return {str(number): KINDS[what[0]](str(number), what[1], what=what) for number, what in enumerate(wanted)}


def do(clock: Clock, tally: Any, todo: Mapping[str, Task], key: str, seconds: float) -> None:
    tally.hear(Event(todo[key], 0))
    clock.now += seconds
    tally.hear(Event(todo[key], 0, DONE))


def test_until_one_of_a_kind_has_ended_its_time_is_a_guess(clock: Clock) -> None:
    assert progress._Tally(tasks(("restorer", "unet"), ("restorer", "srn")), lambda: 1).eta() == "0:24"


def test_a_slow_restorer_counts_with_its_own_time_and_another_with_the_mean_of_all(clock: Clock) -> None:
    todo = tasks(*(("restorer", name) for name in ("unet", "srn", "unet", "srn", "red30")))
    tally = progress._Tally(todo, lambda: 1)
    do(clock, tally, todo, "0", 10)
    assert tally.eta() == "0:40"
    do(clock, tally, todo, "1", 100)
    assert tally.eta() == "2:45"  # 10 + 100 + their mean
    do(clock, tally, todo, "3", 200)
    assert tally.eta() == "1:53"  # 10 + 310 / 3


def test_a_cell_counts_as_those_of_its_strategy_whatever_their_seeds(clock: Clock) -> None:
    todo = tasks(("cell", "plain"), ("cell", "deblur"), ("cell", "plain"), ("cell", "deblur"))
    tally = progress._Tally(todo, lambda: 2)
    do(clock, tally, todo, "0", 2)
    do(clock, tally, todo, "1", 60)
    assert tally.eta() == "0:31"  # two workers


def test_what_was_blocked_never_started_and_tells_no_time(clock: Clock) -> None:
    todo = tasks(("restorer", "unet"), ("cell", "plain"), ("cell", "plain"))
    tally = progress._Tally(todo, lambda: 1)
    do(clock, tally, todo, "0", 1)
    tally.hear(Event(todo["1"], -1, Answer("1", "blocked", "it needs another")))
    assert (tally.ended, tally.eta()) == (2, "0:00")  # half a second is guessed for the other


@pytest.mark.parametrize("suite", ["smoke", "kernel-estimation"])
def test_the_cells_of_every_measurement_are_counted(suite: str, tmp_path: Path) -> None:
    session = Session(Request(suite, out=tmp_path / "results", timing=False))
    cells = [cell for cell in session.plan.cells if not cell.skip]
    assert cells
    assert progress._Tally(session.outstanding("missing"), lambda: 1).cells == len(cells)
