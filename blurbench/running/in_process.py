"""Tasks done in this process, one after the other: no worker is started, nothing is pickled.

There is no time limit, and a plugin that ends the process ends everything. What is printed stays where it was printed
to; tracebacks go to the tasks' logs. Settings and random generators are put back in the end.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from blurbench.matrix.tasks import Task
from blurbench.registry import Registry
from blurbench.running.global_state import guarded
from blurbench.running.runtime import WorkerRuntime
from blurbench.running.worker import Message, Options, answer, open_runtime

__all__ = ["InProcessSlots", "in_process"]


class InProcessSlots:
    """One slot, whose tasks are done when they are asked after."""

    def __init__(self, runtime: WorkerRuntime) -> None:
        self.runtime = runtime
        self.sent: list[tuple[Task, bool]] = []

    def numbers(self) -> Set[int]:
        """See `Slots`."""
        return frozenset({0})

    def ends(self) -> Mapping[int, float]:
        """See `Slots`."""
        return {}

    def now(self) -> float:
        """See `Slots`."""
        return time.monotonic()

    def send(self, slot: int, task: Task, force: bool) -> None:
        """See `Slots`."""
        self.sent.append((task, force))

    def poll(self, busy: Sequence[int], seconds: float) -> list[tuple[int, Message]]:
        """See `Slots`."""
        if not self.sent:
            time.sleep(seconds)
            return []
        return [(0, answer(self.runtime, *self.sent.pop(), logging=_tracebacks_to))]

    def replace(self, slot: int) -> None:
        """Nothing to stop: what is asked after has ended."""


@contextmanager
def in_process(workers: Sequence[Options], registry: Registry) -> Iterator[InProcessSlots]:
    """This process as the one worker, for as long as the block runs."""
    with guarded([]), _generators_kept(), torch.inference_mode(False):
        yield InProcessSlots(open_runtime(workers[0], registry=registry))


@contextmanager
def _generators_kept() -> Iterator[None]:
    """Fits seed the global generators; whoever called goes on with their own random numbers."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)


@contextmanager
def _tracebacks_to(path: Path) -> Iterator[Callable[[str], object]]:
    def log(text: str) -> None:
        path.parent.mkdir(exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)

    yield log
