"""Who is handed what, and when."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import pytest

from blurbench.matrix.cell import Cell
from blurbench.matrix.tasks import Results, Task
from blurbench.running.scheduler import Outcome, Scheduler
from blurbench.running.simulated import SimulatedSlots
from blurbench.running.worker import Answer, Lost, Message, Passed, Status, Waiting
from blurbench.store.record import OUT_OF_TIME, Record
from blurbench.store.store import Store
from tests.running.chores import Chore, Quiet, Urgent


@dataclass(frozen=True, eq=False)
class OnImages(Urgent):
    """Uses images that a worker keeps."""

    images: str = ""

    @property
    def shares(self) -> tuple[str, ...]:
        return (self.images,)


class Noted(SimulatedSlots):
    """Notes who was sent what."""

    def __init__(self, count: int) -> None:
        super().__init__(count, lambda task, slot: task.seconds)  # type: ignore[attr-defined]
        self.sent: list[tuple[int, str]] = []

    def send(self, slot: int, task: Task, force: bool) -> None:
        self.sent.append((slot, task.key))
        super().send(slot, task, force)


def test_what_uses_the_same_images_goes_to_the_worker_that_keeps_them_and_nobody_waits_for_that(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.create()
    rows = [Chore(f"row-{number}", "row", seconds=10.0) for number in range(4)]
    cells = [
        OnImages(f"{images} {row.key}", "cell", (row,), 1.0, images) for row in rows for images in ("sharp", "blurred")
    ]
    slots = Noted(2)
    Scheduler(store, {task.key: task for task in [*rows, *cells]}, slots, math.inf).run()
    who = {images: {slot for slot, key in slots.sent if key.startswith(images)} for images in ("sharp", "blurred")}
    assert sorted(who.values(), key=min) == [{0}, {1}]
    assert slots.time == 2 * 10 + 4 * 1

    alone = [OnImages(f"{number}", "cell", (), 1.0, "sharp") for number in range(10)]
    slots = Noted(2)
    Scheduler(store, {task.key: task for task in alone}, slots, math.inf).run()
    assert slots.time == 5


class Leaving(SimulatedSlots):
    """Of two workers the first one leaves in 8 seconds; a third comes as late as wanted."""

    third_comes = math.inf

    def numbers(self) -> Set[int]:
        return frozenset({0, 1} if self.time < self.third_comes else {0, 1, 2})

    def ends(self) -> Mapping[int, float]:
        return {0: 8.0, 1: 15.0}


def where_done(store: Store, slots: SimulatedSlots, *chores: Chore) -> tuple[dict[str, int], list[Task]]:
    """The slot on which each task was done, and what was left."""
    places: dict[str, int] = {}
    tasks = {chore.key: chore for chore in chores}
    scheduler = Scheduler(store, tasks, slots, 10.0, lambda event: places.setdefault(event.task.key, event.slot))
    return places, scheduler.run().left


def test_a_worker_that_will_be_taken_away_gets_nothing_that_may_not_end_before(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.create()
    chores = [Chore(name, name, seconds=seconds) for name, seconds in (("a", 6.0), ("b", 6.0), ("c", 6.0))]
    slots = Leaving(2, lambda task, slot: task.seconds)  # type: ignore[attr-defined]
    places, left = where_done(store, slots, *chores)
    assert places == {"a": 1}
    assert [task.key for task in left] == ["b", "c"]
    slots = Leaving(2, lambda task, slot: task.seconds)  # type: ignore[attr-defined]
    slots.third_comes = 5.0
    places, left = where_done(store, slots, *chores)
    assert (places, left) == ({"a": 1, "b": 2, "c": 2}, [])


# --- what workers say, and what follows from it --------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Measured(Chore):
    """A cell."""

    stored: bool = False

    urgency = 0

    @property
    def cell(self) -> Cell:
        identity = {"measure": "accuracy", "axes": {}, "budget": {}, "seed": 0, "test_seed": 0, "settings": {}}
        return Cell(self.key, "accuracy", {}, 0, {}, identity)

    def is_stored(self, store: Results) -> bool:
        return self.stored


SILENT = None
"""Stands for a worker that never answers."""


class Saying(SimulatedSlots):
    """Workers that say of a task what is written down for it, one thing after the other, and else that it is done."""

    def __init__(self, said: Mapping[str, Sequence[Message | None]], count: int = 1) -> None:
        super().__init__(count, lambda task, slot: task.seconds)  # type: ignore[attr-defined]
        self.said = {key: list(messages) for key, messages in said.items()}
        self.sent: list[tuple[float, str]] = []
        self.replaced: list[int] = []

    def send(self, slot: int, task: Task, force: bool) -> None:
        self.sent.append((self.time, task.key))
        super().send(slot, task, force)

    def poll(self, busy: Sequence[int], seconds: float) -> list[tuple[int, Message]]:
        heard: list[tuple[int, Message]] = []
        for slot, message in super().poll(busy, seconds):
            assert isinstance(message, Answer)
            mine = self.said.get(message.key)
            instead = mine.pop(0) if mine else message
            if isinstance(instead, Waiting):  # and it goes on
                heapq.heappush(self.queue, (self.time + 1.0, slot, message.key))
            heard += [] if instead is SILENT else [(slot, instead)]
        return heard

    def replace(self, slot: int) -> None:
        self.replaced.append(slot)
        super().replace(slot)


def outcome(tmp_path: Path, slots: Saying, *chores: Chore, limit: float = 60.0, force: bool = False) -> Outcome:
    store = Store(tmp_path)
    store.create()
    return Scheduler(store, {chore.key: chore for chore in chores}, slots, limit, force=force).run()


def key(letter: str) -> str:
    """As the store wants them."""
    return letter * 32


FIT = Chore(key("a"), "the fit")
CELL = Measured(key("b"), "its cell", (FIT,))
NEXT = Chore(key("c"), "what builds on it", (FIT,))
LAST = Measured(key("d"), "the cell of that", (NEXT,))
OTHER = Measured(key("e"), "something else")


@pytest.mark.parametrize(
    ("status", "verb", "fate"), [("failed", "failed", "blocked"), ("skipped", "was skipped", "skipped")]
)
def test_cells_share_the_fate_of_their_fit_and_what_builds_on_it_is_blocked(
    tmp_path: Path, status: Status, verb: str, fate: str
) -> None:
    slots = Saying({FIT.key: [Answer(FIT.key, status, "it is broken")]})
    found = outcome(tmp_path, slots, FIT, CELL, NEXT, LAST, OTHER)
    assert found.status == {FIT.key: status, CELL.key: status, NEXT.key: fate, LAST.key: fate, OTHER.key: "ok"}
    why = f"it needs the fit, which {verb}: it is broken"
    assert [found.reasons[task.key] for task in (CELL, NEXT, LAST)] == ["it is broken", why, why]
    assert [key for _, key in slots.sent] == [OTHER.key, FIT.key]
    records = Store(tmp_path).records
    told = [(record.status, record.reason) for task in (CELL, LAST) if (record := records.get(task.key))]
    assert told == [(status, "it is broken"), (fate, why)]
    assert records.get(OTHER.key) is None, "its worker stores that"


@pytest.mark.parametrize(
    ("said", "after", "reason"),
    [
        ([Waiting(), SILENT], 61.0, f"it took {OUT_OF_TIME} 1 minutes"),
        ([SILENT], 300.0, f"its worker took {OUT_OF_TIME} 5 minutes to start"),
    ],
)
def test_a_task_has_its_time_from_when_its_worker_was_ready(
    tmp_path: Path, said: list[Message | None], after: float, reason: str
) -> None:
    slots = Saying({CELL.key: said})
    alone = Measured(CELL.key, "a cell")
    found = outcome(tmp_path, slots, alone)
    assert (found.status, found.reasons) == ({CELL.key: "failed"}, {CELL.key: reason})
    assert slots.time == pytest.approx(after)
    assert slots.replaced == [0]


@pytest.mark.parametrize(
    ("stored", "force", "status"), [(False, False, "failed"), (True, False, "ok"), (True, True, "failed")]
)
def test_what_was_stored_before_a_worker_died_is_done_unless_it_may_be_from_before(
    tmp_path: Path, stored: bool, force: bool, status: str
) -> None:
    alone = Measured(key("b"), "a cell", stored=stored)
    found = outcome(tmp_path, Saying({alone.key: [Lost("killed by SIGKILL")]}), alone, force=force)
    assert found.status == {alone.key: status}
    assert found.reasons == ({} if status == "ok" else {alone.key: "its worker process died (killed by SIGKILL)"})


def test_what_another_run_has_in_hand_is_asked_for_again_a_second_later(tmp_path: Path) -> None:
    alone = Measured(key("b"), "a cell")
    slots = Saying({alone.key: [Passed(alone.key), Passed(alone.key)]})
    found = outcome(tmp_path, slots, alone)
    assert found.status == {alone.key: "ok"}
    assert [time for time, _ in slots.sent] == [0.0, 2.0, 4.0], "a second for the answer, and one until it asks again"


def test_nothing_is_timed_before_all_else_is_done_in_whatever_run(tmp_path: Path) -> None:
    alone, timing = Measured(key("b"), "a cell"), Quiet(key("f"), "a timing")
    slots = Saying({alone.key: [Passed(alone.key), Passed(alone.key)]})
    outcome(tmp_path, slots, timing, alone)
    assert [sent for _, sent in slots.sent] == [alone.key] * 3 + [timing.key]


def test_what_another_run_found_to_fail_is_believed_and_not_tried_again(tmp_path: Path) -> None:
    alone = Measured(key("b"), "a cell")
    store = Store(tmp_path)
    store.create()

    class Failing(Saying):
        def poll(self, busy: Sequence[int], seconds: float) -> list[tuple[int, Message]]:
            store.records.put(Record(key=alone.key, status="failed", reason="no such file", **alone.cell.identity))
            return super().poll(busy, seconds)

    slots = Failing({alone.key: [Passed(alone.key)]})
    found = outcome(tmp_path, slots, alone)
    assert (found.status, found.reasons) == ({alone.key: "failed"}, {alone.key: "no such file"})
    assert len(slots.sent) == 1


def test_a_failure_from_before_this_run_is_tried_again(tmp_path: Path) -> None:
    alone = Measured(key("b"), "a cell")
    store = Store(tmp_path)
    store.create()
    store.records.put(Record(key=alone.key, status="failed", reason="no such file", **alone.cell.identity))
    found = outcome(tmp_path, slots := Saying({}), alone)
    assert found.status == {alone.key: "ok"}
    assert len(slots.sent) == 1
