"""Drives workers through a plan. No torch in this process.

One worker a slot, one task a worker. A worker that dies or exceeds the time limit costs its task and is replaced. What
depends on a task that failed is blocked; everything else goes on.
"""

from __future__ import annotations

import heapq
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from blurbench.errors import BlurbenchError, DiskFull, UsageError, shortened
from blurbench.matrix.tasks import Task
from blurbench.running.worker import STOPPING, Answer, Broken, NoRoom, Options, Status, Waiting, serve
from blurbench.store.record import Record
from blurbench.store.store import Store

__all__ = ["Event", "Outcome", "schedule"]

PAST = {"failed": "failed", "skipped": "was skipped", "blocked": "was blocked"}

START_SECONDS = 300.0
"""How long a worker may take to import and open what it needs. The time limit of tasks starts after that."""

MALLOC = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_TOP_PAD_": "100000000"}
"""Have glibc keep freed memory: handing large tensors back and faulting them in again costs more than computing."""


@dataclass(frozen=True)
class Event:
    """Something that progress reports show: a task started (`answer` None) or ended."""

    task: Task
    slot: int
    answer: Answer | None = None


@dataclass
class Outcome:
    """What became of the tasks, and where the workers' time went."""

    status: dict[str, Status] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


@dataclass
class _Slot:
    """A worker and what it is doing."""

    number: int
    options: Options
    process: SpawnProcess
    connection: Connection
    task: Task | None = None
    since: float = 0.0
    is_ready: bool = False
    """Whether it has said that it can take tasks."""


def schedule(
    store: Store,
    tasks: Mapping[str, Task],
    slots: list[Options],
    minutes: float,
    report: Callable[[Event], None],
    force: bool = False,
) -> Outcome:
    """Do all `tasks`. What they need and is not among them is done already. Raises what interrupts it, such as
    KeyboardInterrupt, after stopping the workers."""
    return _Scheduler(store, tasks, minutes * 60, report, force).run(slots)


class _Scheduler:
    def __init__(
        self,
        store: Store,
        tasks: Mapping[str, Task],
        limit: float,
        report: Callable[[Event], None],
        force: bool,
    ) -> None:
        self.store, self.tasks, self.limit, self.report, self.force = store, tasks, limit, report, force
        self.outcome = Outcome()
        self.slots: list[_Slot] = []
        self.waiting = dict(tasks)
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

    def run(self, options: list[Options]) -> Outcome:
        if not self.waiting:
            return self.outcome
        with self._workers(options):
            while self.waiting or self._busy():
                self._hand_out()
                if self._busy():
                    self._listen()
                elif self.waiting and not self.ready:
                    raise AssertionError("tasks wait for something that nobody does")
        return self.outcome

    # --- workers ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _workers(self, options: list[Options]) -> Iterator[None]:
        try:
            with _signals_held_back():  # whatever is started is known by then, and stopped
                for number, option in enumerate(options):
                    self.slots.append(_start(number, option))
            yield
        finally:
            with _interrupts_ignored():
                for slot in self.slots:
                    slot.process.kill()  # all at once, then wait for each
                for slot in self.slots:
                    _stop(slot)

    def _replace(self, slot: _Slot) -> _Slot:
        with _signals_held_back():
            _stop(slot)
            self.slots[slot.number] = _start(slot.number, slot.options)
        return self.slots[slot.number]

    def _busy(self) -> list[_Slot]:
        return [slot for slot in self.slots if slot.task is not None]

    # --- tasks -----------------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        for slot in self.slots:
            if slot.task is None and (task := self._next()) is not None:
                if not slot.process.is_alive() and not slot.connection.poll():  # it died while it was idle
                    slot = self._replace(slot)
                slot.task, slot.since = task, time.monotonic()
                self.report(Event(task, slot.number))
                with suppress(OSError):  # it died just now: `_listen` sees that
                    slot.connection.send((task, self.force))

    def _next(self) -> Task | None:
        """The most urgent task that is ready, of these the first in plan order; timings only on a quiet machine."""
        if self.graph.is_active():
            for key in self.graph.get_ready():
                if key in self.waiting:
                    heapq.heappush(self.ready, (self.waiting[key].urgency, self.order[key], key))
        while self.ready and self.ready[0][2] not in self.waiting:  # blocked meanwhile
            heapq.heappop(self.ready)
        if not self.ready:
            return None
        task = self.waiting[self.ready[0][2]]
        if task.wants_quiet and (self._busy() or any(not other.wants_quiet for other in self.waiting.values())):
            return None
        heapq.heappop(self.ready)
        return self.waiting.pop(task.key)

    def _listen(self) -> None:
        """Wait for answers, deaths or the next time limit."""
        busy = self._busy()
        now = time.monotonic()
        timeout = max(0.0, min(slot.since + self._limit(slot) for slot in busy) - now)
        ready = set(wait([thing for slot in busy for thing in (slot.connection, slot.process.sentinel)], timeout))
        for slot in busy:
            if slot.connection in ready:
                self._hear(slot)
            elif slot.process.sentinel in ready:
                self._lost(slot)
            elif time.monotonic() - slot.since >= self._limit(slot):
                self._give_up(slot)

    def _limit(self, slot: _Slot) -> float:
        return self.limit if slot.is_ready else max(self.limit, START_SECONDS)

    def _hear(self, slot: _Slot) -> None:
        try:
            answer = slot.connection.recv()
        except (EOFError, OSError):
            self._lost(slot)
            return
        match answer:
            case Waiting():
                slot.since, slot.is_ready = time.monotonic(), True
            case Broken(reason=reason):
                raise UsageError(f"no worker can start on device {slot.options.device!r}: {reason}")
            case NoRoom(reason=reason):
                raise DiskFull(
                    f"no room left in {self.store.root}: {reason}; what was measured is kept: make room, and the same "
                    "command goes on from there"
                )
            case Answer():
                self._finish(slot, answer)

    def _lost(self, slot: _Slot) -> None:
        slot.process.join()
        code = slot.process.exitcode or 0
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        self._fail(slot, f"its worker process died ({how})")

    def _give_up(self, slot: _Slot) -> None:
        what = "it took" if slot.is_ready else "its worker took"
        doing = "" if slot.is_ready else " to start"
        self._fail(slot, f"{what} longer than the limit of {self._limit(slot) / 60:g} minutes{doing}")

    def _fail(self, slot: _Slot, reason: str) -> None:
        task = slot.task
        assert task is not None
        self._replace(slot)
        # It may have ended between storing and answering; with `force` what is stored may be from before.
        is_done = not self.force and task.is_stored(self.store)
        self._finish(slot, Answer(task.key) if is_done else Answer(task.key, "failed", reason))

    def _finish(self, slot: _Slot, answer: Answer) -> None:
        task = slot.task
        assert task is not None
        slot.task = None
        for phase, seconds in answer.seconds.items():
            self.outcome.seconds[phase] = self.outcome.seconds.get(phase, 0.0) + seconds
        self.outcome.remarks += answer.remarks
        self._settle(task, answer.status, answer.reason, task.key)
        self.report(Event(task, slot.number, answer))

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
            if (dependent := self.waiting.pop(key, None)) is None:
                continue
            fate: Status
            if dependent.cell is not None:
                fate, why = status, reason
            else:
                fate = "skipped" if status == "skipped" else "blocked"
                why = shortened(f"it needs {task.title}, which {PAST[status]}: {reason}")
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
        with suppress(OSError, BlurbenchError), self.store.locked(task.key):
            self.store.records.put(record)


def _start(number: int, options: Options) -> _Slot:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # Not a daemon: a plugin may start processes of its own. It ends when its parent does, as it watches that.
    process = context.Process(target=serve, args=(theirs, options), name=f"blurbench-{number}", daemon=False)
    environment = {**MALLOC, "OMP_NUM_THREADS": str(options.threads)}  # read when it starts
    with _main_hidden(), _environment(environment):
        process.start()
    theirs.close()
    return _Slot(number, options, process, ours)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """A new process would import the script that this one runs, and a script without a main guard would run again. No
    worker needs it."""
    main = sys.modules["__main__"]
    kept = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    for name in kept:
        setattr(main, name, None)
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(main, name, value)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set what is not set already, for as long as the block runs."""
    added = {name: value for name, value in values.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Ctrl-C in the middle of a start would leave a half-started process behind. What is started holds them back, too,
    until it can ignore them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A second Ctrl-C while the workers are being stopped would leave some of them behind."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread: nothing is delivered to it
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _stop(slot: _Slot) -> None:
    slot.connection.close()
    slot.process.kill()
    slot.process.join()
