"""Where a worker's seconds go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Stopwatch"]


@dataclass
class Stopwatch:
    """Seconds spent in each phase of a task; nested phases count once, in the inner one."""

    seconds: dict[str, float] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    since: float = 0.0

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Book the time spent inside under `name`."""
        self._book()
        self.running.append(name)
        try:
            yield
        finally:
            self._book()
            self.running.pop()

    def _book(self) -> None:
        now = time.perf_counter()
        if self.running:
            name = self.running[-1]
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self.since
        self.since = now
