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
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from blurbench.errors import UsageError, shortened
from blurbench.results.record import AnyRecord
from blurbench.results.store import Shelf, Store
from blurbench.running.worker import WAITING, Options, serve
from blurbench.suites.plan import Task

__all__ = ["Event", "Outcome", "supervise"]

PAST = {"failed": "failed", "skipped": "was skipped", "blocked": "was blocked"}

START_SECONDS = 300.0
"""How long a worker may take to import and open what it needs. The time limit of jobs starts after that."""

MALLOC = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_TOP_PAD_": "100000000"}
"""Have glibc keep freed memory: handing large tensors back and faulting them in again costs more than computing."""


@dataclass(frozen=True)
class Event:
    """Something that progress reports show: a task started (`answer` None) or ended."""

    task: Task
    slot: int
    answer: Mapping[str, Any] | None = None


@dataclass
class Outcome:
    """What became of the tasks, and where the workers' time went."""

    status: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


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
    """Whether it has said that it can take jobs."""


def supervise(
    store: Store,
    tasks: Mapping[str, Task],
    done: set[str],
    slots: list[Options],
    minutes: float,
    report: Callable[[Event], None],
    anew: bool = False,
) -> Outcome:
    """Do all `tasks` that are not in `done`. Raises what interrupts it, such as KeyboardInterrupt, after stopping the
    workers."""
    return _Supervisor(store, tasks, done, minutes * 60, report, anew).run(slots)


class _Supervisor:
    def __init__(
        self,
        store: Store,
        tasks: Mapping[str, Task],
        done: set[str],
        limit: float,
        report: Callable[[Event], None],
        anew: bool,
    ) -> None:
        self.store, self.tasks, self.limit, self.report, self.anew = store, tasks, limit, report, anew
        self.outcome = Outcome()
        self.slots: list[_Slot] = []
        self.waiting = {key: task for key, task in tasks.items() if key not in done}
        self.order = {key: place for place, key in enumerate(tasks)}
        self.unmet = {key: set(task.needs) - done for key, task in self.waiting.items()}
        self.needed_by: dict[str, list[str]] = {}
        for key, needs in self.unmet.items():
            for needed in needs:
                self.needed_by.setdefault(needed, []).append(key)
        self.ready: dict[str, list[tuple[int, str]]] = {
            kind: [] for kind in ("cell", "estimation", "predictor", "restorer", "estimator", "timing")
        }
        for key, needs in self.unmet.items():
            if not needs:
                self._make_ready(key)

    def run(self, options: list[Options]) -> Outcome:
        if not self.waiting:
            return self.outcome
        with self._workers(options):
            while self.waiting or self._busy():
                self._hand_out()
                if self._busy():
                    self._listen()
                elif self.waiting and not any(self.ready.values()):
                    raise AssertionError("tasks wait for something that nobody does")
        return self.outcome

    # --- workers ---------------------------------------------------------------------------------------------------

    @contextmanager
    def _workers(self, options: list[Options]) -> Iterator[None]:
        try:
            for number, option in enumerate(options):
                self.slots.append(_start(number, option))
            yield
        finally:
            for slot in self.slots:
                _stop(slot)

    def _replace(self, slot: _Slot) -> _Slot:
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
                    slot.connection.send({**task.job, "key": task.key, "anew": self.anew})

    def _make_ready(self, key: str) -> None:
        heapq.heappush(self.ready[self.waiting[key].kind], (self.order[key], key))

    def _next(self) -> Task | None:
        """The first task in plan order that is ready, measuring before fitting; timings only on a quiet machine."""
        for kind, queue in self.ready.items():
            if kind == "timing" and (self._busy() or len(self.waiting) > len(queue)):
                return None
            if queue:
                return self.waiting.pop(heapq.heappop(queue)[1])
        return None

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
        if answer == WAITING:
            slot.since, slot.is_ready = time.monotonic(), True
        elif "broken" in answer:
            raise UsageError(f"no worker can start on device {slot.options.device!r}: {answer['broken']}")
        else:
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
        answer = {"key": task.key, "status": "failed", "reason": reason, "seconds": {}}
        if self._is_stored(task):  # it ended between storing and answering
            answer.update(status="ok", reason="")
        self._finish(slot, answer)

    def _is_stored(self, task: Task) -> bool:
        if self.anew:
            return False  # what is stored may be from before
        if task.kind in ("cell", "estimation"):
            return self._is_measured(task)
        if task.kind == "timing":
            return self.store.timing(task.key) is not None
        return self.store.artifact(task.key) is not None

    def _is_measured(self, task: Task) -> bool:
        shelf: Shelf[Any, Any] = self.store.cells if task.kind == "cell" else self.store.estimations
        record: AnyRecord | None = shelf.record(task.key)
        return record is not None and record.status == "ok" and record.is_of(task.job["record"])

    def _finish(self, slot: _Slot, answer: Mapping[str, Any]) -> None:
        task = slot.task
        assert task is not None
        slot.task = None
        for phase, seconds in answer["seconds"].items():
            self.outcome.seconds[phase] = self.outcome.seconds.get(phase, 0.0) + seconds
        self._settle(task, answer["status"], answer["reason"], task.key)
        self.report(Event(task, slot.number, answer))

    # --- consequences ----------------------------------------------------------------------------------------------

    def _settle(self, task: Task, status: str, reason: str, log: str) -> None:
        """Book a task; if it was not done, so are those that need it: a predictor's own cells share its fate,
        whatever else was to be built on it is blocked."""
        self.outcome.status[task.key] = status
        if status == "ok":
            for key in self.needed_by.get(task.key, ()):
                self.unmet[key].discard(task.key)
                if not self.unmet[key] and key in self.waiting:
                    self._make_ready(key)
            return
        self.outcome.reasons[task.key] = reason
        if task.kind in ("cell", "estimation"):
            self._record(task, status, reason, log)
        for key in self.needed_by.get(task.key, ()):
            if (other := self.waiting.pop(key, None)) is None:
                continue
            if other.kind in ("cell", "estimation"):
                fate, why = status, reason
            else:
                fate = "skipped" if status == "skipped" else "blocked"
                why = shortened(f"it needs {task.title}, which {PAST[status]}: {reason}")
            self._settle(other, fate, why, log)
            self.report(Event(other, -1, {"status": fate, "reason": why}))

    def _record(self, task: Task, status: Any, reason: str, log: str) -> None:
        if self._is_measured(task):
            return  # a measurement that is there is worth more than a failure to repeat it
        path = self.store.log_path(log)
        about = {
            "key": task.key,
            "status": status,
            "reason": shortened(reason) or status,
            "log": f"logs/{path.name}" if path.exists() else "",
            **task.job["record"],
        }
        shelf: Shelf[Any, Any] = self.store.cells if task.kind == "cell" else self.store.estimations
        with self.store.locked(task.key, waiting=lambda: None):  # another run may be storing a measurement
            if not self._is_measured(task):
                shelf.put_record(shelf.record_type(**about))


def _start(number: int, options: Options) -> _Slot:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, options), name=f"blurbench-{number}", daemon=True)
    with (
        _main_hidden(),
        _environment({**MALLOC, "OMP_NUM_THREADS": str(options.threads)}),
    ):  # read when the worker starts
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


def _stop(slot: _Slot) -> None:
    slot.connection.close()
    slot.process.kill()
    slot.process.join()
