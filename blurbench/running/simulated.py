"""Workers that are only reckoned with: tasks take the seconds that they are said to take, on a clock of its own."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping, Sequence, Set

from blurbench.matrix.tasks import Task
from blurbench.running.scheduler import Scheduler
from blurbench.running.worker import Answer, Message
from blurbench.store.store import Store

__all__ = ["SimulatedSlots", "simulated"]


class SimulatedSlots:
    """As many workers as one likes, on which nothing is done. `seconds` of a task on a worker, by its number."""

    def __init__(self, count: int, seconds: Callable[[Task, int], float]) -> None:
        self.all, self.seconds = frozenset(range(count)), seconds
        self.time = self.busy = 0.0
        """Seconds since the start, and those that all workers together were at work."""
        self.queue: list[tuple[float, int, str]] = []

    def numbers(self) -> Set[int]:
        """See `Slots`."""
        return self.all

    def ends(self) -> Mapping[int, float]:
        """See `Slots`."""
        return {}

    def now(self) -> float:
        """See `Slots`."""
        return self.time

    def send(self, slot: int, task: Task, force: bool) -> None:
        """See `Slots`."""
        seconds = self.seconds(task, slot)
        self.busy += seconds
        heapq.heappush(self.queue, (self.time + seconds, slot, task.key))

    def poll(self, busy: Sequence[int], seconds: float) -> list[tuple[int, Message]]:
        """See `Slots`."""
        if not self.queue or self.queue[0][0] > self.time + seconds:
            self.time += seconds
            return []
        before = self.time
        self.time, slot, key = heapq.heappop(self.queue)
        return [(slot, Answer(key, seconds={"simulated": self.time - before}))]

    def replace(self, slot: int) -> None:
        """See `Slots`."""
        self.queue = [end for end in self.queue if end[1] != slot]
        heapq.heapify(self.queue)


def simulated(
    store: Store, tasks: Mapping[str, Task], workers: int, seconds: Callable[[Task, int], float]
) -> SimulatedSlots:
    """The workers after `tasks`, scheduled as a run schedules them."""
    slots = SimulatedSlots(workers, seconds)
    Scheduler(store, tasks, slots, math.inf).run()
    return slots
