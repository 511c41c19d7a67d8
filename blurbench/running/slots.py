"""What stands between the scheduler and its workers, and workers that are processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Protocol

from blurbench.matrix.tasks import Task
from blurbench.running.worker import STOPPING, Lost, Message, Options, serve

__all__ = ["MALLOC", "LocalSlots", "Slots", "how_it_ended", "interrupts_ignored", "local_slots", "main_hidden"]

MALLOC = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_TOP_PAD_": "100000000"}
"""Have glibc keep freed memory: handing large tensors back and faulting them in again costs more than computing."""


class Slots(Protocol):
    """Workers by number. Each does one task at a time."""

    def numbers(self) -> Set[int]:
        """Those that are there now. Where workers come and go, `poll` notices."""

    def ends(self) -> Mapping[int, float]:
        """When those will go that are known to go."""

    def now(self) -> float:
        """Seconds on the clock that these workers live by."""

    def send(self, slot: int, task: Task, force: bool) -> None:
        """Have an idle worker do a task."""

    def poll(self, busy: Sequence[int], seconds: float) -> list[tuple[int, Message]]:
        """What busy workers say, as soon as one says something; nothing after so many seconds, or where one came."""

    def replace(self, slot: int) -> None:
        """Stop a worker, whatever it does, and start another where that can be had."""


@dataclass
class _Worker:
    options: Options
    process: SpawnProcess
    connection: Connection


class LocalSlots:
    """Processes of this machine, one a slot."""

    def __init__(self) -> None:
        self.workers: list[_Worker] = []

    def numbers(self) -> Set[int]:
        """See `Slots`."""
        return frozenset(range(len(self.workers)))

    def ends(self) -> Mapping[int, float]:
        """See `Slots`."""
        return {}

    def now(self) -> float:
        """See `Slots`."""
        return time.monotonic()

    def send(self, slot: int, task: Task, force: bool) -> None:
        """See `Slots`."""
        worker = self.workers[slot]
        if not worker.process.is_alive() and not worker.connection.poll():  # it died while it was idle
            self.replace(slot)
        with suppress(OSError):  # it died just now: `poll` sees that
            self.workers[slot].connection.send((task, force))

    def poll(self, busy: Sequence[int], seconds: float) -> list[tuple[int, Message]]:
        """See `Slots`."""
        if not busy:
            time.sleep(seconds)
        workers = {slot: self.workers[slot] for slot in busy}
        signs = [sign for worker in workers.values() for sign in (worker.connection, worker.process.sentinel)]
        ready = set(wait(signs, seconds)) if busy else set()
        return [
            (slot, _heard(worker) if worker.connection in ready else _lost(worker))
            for slot, worker in workers.items()
            if worker.connection in ready or worker.process.sentinel in ready
        ]

    def replace(self, slot: int) -> None:
        """See `Slots`."""
        with _signals_held_back():
            _stop(self.workers[slot])
            self.workers[slot] = _start(slot, self.workers[slot].options)

    def stop(self) -> None:
        """Stop all workers, whatever they do."""
        with interrupts_ignored():
            for worker in self.workers:
                worker.process.kill()  # all at once, then wait for each
            for worker in self.workers:
                _stop(worker)


@contextmanager
def local_slots(options: Sequence[Options]) -> Iterator[LocalSlots]:
    """Workers on this machine for as long as the block runs."""
    slots = LocalSlots()
    try:
        with _signals_held_back():  # whatever is started is known by then, and stopped
            for number, option in enumerate(options):
                slots.workers.append(_start(number, option))
        yield slots
    finally:
        slots.stop()


def _heard(worker: _Worker) -> Message:
    try:
        message: Message = worker.connection.recv()
    except (EOFError, OSError):
        return _lost(worker)
    return message


def _lost(worker: _Worker) -> Lost:
    worker.process.join()
    return Lost(how_it_ended(worker.process.exitcode or 0))


def how_it_ended(code: int) -> str:
    """The exit code of a process in words."""
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _start(number: int, options: Options) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    # Not a daemon: a plugin may start processes of its own. It ends when its parent does, as it watches that.
    process = context.Process(target=serve, args=(theirs, options), name=f"blurbench-{number}", daemon=False)
    # Read when it starts. Whoever has little memory wants freed memory back.
    environment = {**(MALLOC if options.memory is None else {}), "OMP_NUM_THREADS": str(options.threads)}
    with main_hidden(), _environment(environment):
        process.start()
    theirs.close()
    return _Worker(options, process, ours)


@contextmanager
def main_hidden() -> Iterator[None]:
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
    resource_tracker.ensure_running()  # what starts a process starts it first, and that lets all signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def interrupts_ignored() -> Iterator[None]:
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


def _stop(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.kill()
    worker.process.join()
