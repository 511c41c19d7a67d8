"""Who is handed what, and when."""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from blurbench.matrix.tasks import Task
from blurbench.running.scheduler import Scheduler
from blurbench.running.simulated import SimulatedSlots
from blurbench.store.store import Store
from tests.running.chores import Chore, Urgent


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
