"""Drives workers through a plan. No torch in this process.

One task a worker. A worker that dies or exceeds the time limit costs its task and is replaced. What depends on a task
that failed is blocked; everything else goes on. A task that another run on the same folder is doing is passed over, and
tried again a second later; what that run has stored by then counts as done.
"""

from __future__ import annotations

import heapq
import math
from bisect import insort
from collections.abc import Callable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from blurbench.errors import BlurbenchError, DiskFull, UsageError, shortened
from blurbench.matrix.tasks import Task
from blurbench.running.slots import Slots
from blurbench.running.worker import Answer, Broken, Lost, Message, NoRoom, Passed, Status, Waiting
from blurbench.store.locks import Held
from blurbench.store.record import OUT_OF_TIME, Record
from blurbench.store.store import Store

__all__ = ["NEEDS", "Event", "Outcome", "Scheduler"]

NEEDS = "it needs "
"""How the reason of what is blocked begins."""

PAST = {"failed": "failed", "skipped": "was skipped", "blocked": "was blocked"}

START_SECONDS = 300.0
"""How long a worker may take to import and open what it needs. The time limit of tasks starts after that."""

AGAIN_SECONDS = 1.0
"""After so long a task that another run has in hand is asked for again, or a worker where none is there."""

AHEAD = 16
"""So many of the tasks that are next are looked at for one that uses what a worker keeps."""

LONGER = 2.0
"""Before the end of the time that a run has, a task is thought to take so many times the longest one like it."""


@dataclass(frozen=True)
class Event:
    """Something that progress reports show: a task started (`answer` None), ended, or was passed over."""

    task: Task
    slot: int
    answer: Answer | Passed | None = None


@dataclass
class Outcome:
    """What became of the tasks, and where the workers' time went."""

    status: dict[str, Status] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    left: list[Task] = field(default_factory=list)
    """What was not begun, as it would not have ended in time."""


@dataclass
class _Underway:
    """A task that a worker does, and since when."""

    task: Task
    since: float


class Scheduler:
    """Hands out tasks to slots until all are done. What they need and is not among them is done already. None is begun
    that would not end within `seconds_left`, where each may take up to `limit` seconds."""

    def __init__(
        self,
        store: Store,
        tasks: Mapping[str, Task],
        slots: Slots,
        limit: float,
        report: Callable[[Event], None] = lambda event: None,
        force: bool = False,
        seconds_left: float = math.inf,
    ) -> None:
        self.store, self.tasks, self.limit, self.report, self.force = store, tasks, limit, report, force
        self.outcome = Outcome()
        self.slots, self.end = slots, slots.now() + seconds_left
        self.underway: dict[int, _Underway] = {}
        self.opened: set[int] = set()
        """The slots whose workers have said that they can take tasks."""
        self.waiting = dict(tasks)
        self.loud = sum(not task.wants_quiet for task in tasks.values())
        """How many of those that wait want no quiet machine."""
        self.order = {key: place for place, key in enumerate(tasks)}
        self.needed_by: dict[str, list[str]] = {}
        for key, task in tasks.items():
            for needed in task.needs:
                self.needed_by.setdefault(needed.key, []).append(key)
        self.graph: TopologicalSorter[str] = TopologicalSorter(
            {key: [needed.key for needed in task.needs if needed.key in tasks] for key, task in tasks.items()}
        )
        self.graph.prepare()
        self.ready: list[tuple[int, int, str]] = []
        """Urgency, place in the plan and key of what can be done now, the next one first."""
        self.kept: dict[tuple[Any, ...], int] = {}
        """Which slot did the last of the tasks that share something."""
        self.seen: Set[int] = frozenset()
        """The slots that were there the last time."""
        self.later: list[tuple[float, str]] = []
        """What another run has in hand, and when to ask again."""
        self.too_long: list[str] = []
        """What would not end in time, as far as is known by now."""
        self.longest: dict[Any, float] = {}
        """Seconds of the longest task of those that are alike."""
        self.recorded = {key for key, task in tasks.items() if task.cell and store.records.get(key)}
        """The cells that have a record from before this run."""

    def run(self) -> Outcome:
        """Do all tasks."""
        while self.waiting or self.underway:
            self._hand_out()
            if self.underway or self.later or not self._idle():
                self._listen()
            elif self.too_long:
                break
            elif self.waiting:
                raise AssertionError("tasks wait for something that nobody does")
        self.outcome.left = list(self.waiting.values())
        return self.outcome

    # --- what is next ----------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        self._collect()
        while (slot := self._free()) is not None and (task := self._next(slot)) is not None:
            if task.shares:
                self.kept[task.shares] = slot
            self.underway[slot] = _Underway(task, self.slots.now())
            self.report(Event(task, slot))
            self.slots.send(slot, task, self.force)

    def _idle(self) -> Set[int]:
        return self.slots.numbers() - self.underway.keys()

    def _free(self) -> int | None:
        """Of the idle slots the first one, but those that will go the last."""
        idle, ends = self._idle(), self.slots.ends()
        return min(idle, key=lambda slot: (-ends.get(slot, math.inf), slot), default=None)

    def _collect(self) -> None:
        """Queue what has become ready."""
        if self.too_long and not self.slots.numbers() <= self.seen:  # who came may have the time
            self._reconsider()
        self.seen = frozenset(self.slots.numbers())
        while self.later and self.later[0][0] <= self.slots.now():
            self._queue(heapq.heappop(self.later)[1])
        if self.graph.is_active():
            for key in self.graph.get_ready():
                self._queue(key)

    def _queue(self, key: str) -> None:
        if key in self.waiting:  # not blocked meanwhile
            insort(self.ready, (self.waiting[key].urgency, self.order[key], key))

    def _next(self, slot: int) -> Task | None:
        """The most urgent task that is ready and will end in time there; of the first few, one that uses what the
        slot's worker keeps, or at least one that is no other's; timings only on a quiet machine."""
        while self.ready:
            place = min(range(min(len(self.ready), AHEAD)), key=lambda place: self._reluctance(place, slot))
            key = self.ready[place][2]
            task = self.waiting.get(key)
            if task is not None and task.wants_quiet and (self.underway or self.loud):
                return None
            self.ready.pop(place)
            if task is None or self._has_failed_elsewhere(task):
                continue
            if self._fits(task, slot):
                return self._take(key)
            self.too_long.append(key)
        return None

    def _reluctance(self, place: int, slot: int) -> tuple[int, int]:
        """How little a slot should do the task at a place, the least first; of equals, the first in plan order."""
        urgency, _, key = self.ready[place]
        task = self.waiting.get(key)
        keeper = self.kept.get(task.shares) if task is not None and task.shares else slot
        return urgency, 0 if keeper == slot else 1 if keeper is None else 2

    def _take(self, key: str) -> Task | None:
        """A task out of those that wait."""
        task = self.waiting.pop(key, None)
        self.loud -= task is not None and not task.wants_quiet
        return task

    def _fits(self, task: Task, slot: int) -> bool:
        """Whether it will end in time: within its limit or, where that is less, twice what those like it took."""
        seconds = min(self.limit, LONGER * self.longest.get(task.alike, math.inf))
        end = min(self.end, self.slots.ends().get(slot, math.inf))
        return end == math.inf or self.slots.now() + seconds <= end

    def _has_failed_elsewhere(self, task: Task) -> bool:
        """Whether another run has found meanwhile that this cannot be done: a cell, or a fit whose every cell says so.
        Then that is booked."""
        cells = [task.key] if task.cell else [key for key in self.needed_by.get(task.key, ()) if self.tasks[key].cell]
        failed = None
        for key in cells:
            failed = None if key in self.recorded else self.store.records.get(key)
            if failed is None or failed.status == "ok":
                return False
        if failed is None or failed.status == "ok":
            return False
        self._take(task.key)
        self._settle(task, failed.status, failed.reason, task.key)
        self.report(Event(task, -1, Answer(task.key, failed.status, failed.reason)))
        return True

    # --- what workers say ------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Wait for answers, deaths, the next time limit, or until what another run has in hand is asked for again."""
        ends = [underway.since + self._limit(slot) for slot, underway in self.underway.items()]
        if self.later and self._idle():
            ends.append(self.later[0][0])
        if not ends:  # no worker is there
            ends.append(self.slots.now() + AGAIN_SECONDS)
        for slot, message in self.slots.poll(list(self.underway), max(0.0, min(ends) - self.slots.now())):
            self._hear(slot, message)
        for slot, underway in list(self.underway.items()):
            if self.slots.now() - underway.since >= self._limit(slot):
                self._give_up(slot)

    def _limit(self, slot: int) -> float:
        return self.limit if slot in self.opened else max(self.limit, START_SECONDS)

    def _hear(self, slot: int, message: Message) -> None:
        match message:
            case Waiting():
                self.underway[slot].since = self.slots.now()
                self.opened.add(slot)
            case Passed():
                self._pass_over(slot, message)
            case Broken(reason=reason, device=device):
                raise UsageError(f"no worker can start on device {device!r}: {reason}")
            case NoRoom(reason=reason):
                raise DiskFull(
                    f"no room left in {self.store.root}: {reason}; what was measured is kept: make room, and the same "
                    "command goes on from there"
                )
            case Lost(how=how):
                self._fail(slot, f"its worker process died ({how})")
            case Answer():
                self._finish(slot, message)

    def _pass_over(self, slot: int, message: Passed) -> None:
        task = self._freed(slot)
        self.waiting[task.key] = task
        self.loud += not task.wants_quiet
        heapq.heappush(self.later, (self.slots.now() + AGAIN_SECONDS, task.key))
        self.report(Event(task, slot, message))

    def _freed(self, slot: int) -> Task:
        """The task that a slot no longer does."""
        return self.underway.pop(slot).task

    def _give_up(self, slot: int) -> None:
        what, doing = ("it took", "") if slot in self.opened else ("its worker took", " to start")
        self._fail(slot, f"{what} {OUT_OF_TIME} {self._limit(slot) / 60:g} minutes{doing}")

    def _fail(self, slot: int, reason: str) -> None:
        task = self.underway[slot].task
        self.opened.discard(slot)
        self.slots.replace(slot)
        # It may have ended between storing and answering; with `force` what is stored may be from before.
        is_done = not self.force and task.is_stored(self.store)
        self._finish(slot, Answer(task.key) if is_done else Answer(task.key, "failed", reason))

    def _finish(self, slot: int, answer: Answer) -> None:
        taken = self.slots.now() - self.underway[slot].since
        task = self._freed(slot)
        if answer.seconds:  # else it was stored already
            self._learn(task, taken)
        for phase, seconds in answer.seconds.items():
            self.outcome.seconds[phase] = self.outcome.seconds.get(phase, 0.0) + seconds
        self.outcome.remarks += answer.remarks
        self._settle(task, answer.status, answer.reason, task.key)
        self.report(Event(task, slot, answer))

    def _learn(self, task: Task, seconds: float) -> None:
        """What is known now may let others end in time."""
        self.longest[task.alike] = max(seconds, self.longest.get(task.alike, 0.0))
        self._reconsider()

    def _reconsider(self) -> None:
        for key in self.too_long:
            self._queue(key)
        self.too_long.clear()

    # --- consequences ----------------------------------------------------------------------------------------------

    def _settle(self, task: Task, status: Status, reason: str, log: str) -> None:
        """Book a task; if it was not done, so are those that need it: a predictor's own cells share its fate,
        whatever else was to be built on it is blocked."""
        self.outcome.status[task.key] = status
        if status == "ok":
            self.graph.done(task.key)
            return
        self.outcome.reasons[task.key] = reason
        self._record(task, status, reason, log)
        for key in self.needed_by.get(task.key, ()):
            if (dependent := self._take(key)) is None:
                continue
            fate: Status
            if dependent.cell is not None:
                fate, why = status, reason
            else:
                fate = "skipped" if status == "skipped" else "blocked"
                why = shortened(f"{NEEDS}{task.title}, which {PAST[status]}: {reason}")
            self._settle(dependent, fate, why, log)
            self.report(Event(dependent, -1, Answer(key, fate, why)))

    def _record(self, task: Task, status: Status, reason: str, log: str) -> None:
        if task.cell is None:
            return
        path = self.store.log_path(log)
        record = Record(
            key=task.key,
            status=status,
            reason=shortened(reason) or status,
            log=f"logs/{path.name}" if path.exists() else "",
            **task.cell.identity,
        )
        # Where another run has that cell in hand, it has the word.
        with suppress(OSError, BlurbenchError, Held), self.store.locks.at_once(task.key):
            self.store.records.put(record)
