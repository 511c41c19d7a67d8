"""What a run shows while it goes on: a live table with an ETA on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import fmean
from typing import Any, Protocol

from blurbench.matrix.tasks import Task
from blurbench.running.scheduler import Event
from blurbench.running.worker import Answer, Passed

__all__ = ["Progress", "progress"]


class Progress(Protocol):
    """Hears of every task that starts or ends."""

    def __call__(self, event: Event) -> None: ...


class _Tally:
    """How much is done, and how long the rest will take."""

    def __init__(self, tasks: Mapping[str, Task], slots: Callable[[], int]) -> None:
        self.slots = slots
        self.begun = time.monotonic()
        self.alike = {key: task.alike for key, task in tasks.items()}
        self.usual = {task.alike: task.usual_seconds for task in tasks.values()}
        self.left = Counter(self.alike.values())
        self.total, self.ended = len(tasks), 0
        self.cells = sum(task.cell is not None for task in tasks.values())
        self.spent: dict[Any, list[float]] = {}
        self.started: dict[str, float] = {}
        self.wrong = 0

    def hear(self, event: Event) -> None:
        key, alike = event.task.key, self.alike[event.task.key]
        if event.answer is None:
            self.started[key] = time.monotonic()
            return
        if isinstance(event.answer, Passed):
            del self.started[key]
            return
        self.ended += 1
        self.left[alike] -= 1
        self.wrong += event.answer.status == "failed"
        if key in self.started:  # what was blocked never started
            seconds = time.monotonic() - self.started.pop(key)
            for group in (alike, alike[0]):
                self.spent.setdefault(group, []).append(seconds)

    def eta(self) -> str:
        seconds = sum(count * self._expected(alike) for alike, count in self.left.items())
        return _clock(seconds / max(self.slots(), 1))

    def _expected(self, alike: tuple[Any, ...]) -> float:
        """Seconds of one such task: the mean of those that are like it, else of all of its kind, else the usual."""
        spent = self.spent.get(alike) or self.spent.get(alike[0])
        return fmean(spent) if spent else self.usual[alike]

    def elapsed(self) -> str:
        return _clock(time.monotonic() - self.begun)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


@contextmanager
def progress(tasks: Mapping[str, Task], slots: Callable[[], int]) -> Iterator[Progress]:
    """Show the progress of `tasks`, on so many slots, until the block ends."""
    tally = _Tally(tasks, slots)
    if sys.stderr.isatty():
        with _live(tally) as show:
            yield show
    else:
        yield lambda event: _plain(tally, event)


def result_of(answer: Answer) -> str:
    """An answer in a few words."""
    if answer.status != "ok":
        return f"{answer.status.upper()}: {answer.reason}"
    return answer.headline or "done"


def _plain(tally: _Tally, event: Event) -> None:
    tally.hear(event)
    if isinstance(event.answer, Answer):
        place = f"[{tally.ended}/{tally.total} {tally.elapsed()}, ETA {tally.eta()}]"
        print(f"{place} {event.task.title}: {result_of(event.answer)}", file=sys.stderr, flush=True)


@contextmanager
def _live(tally: _Tally) -> Iterator[Progress]:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    running: dict[int, Task] = {}
    latest: list[tuple[str, str]] = []

    def view() -> Group:
        table = Table(box=None, expand=True, show_header=False, padding=(0, 1))
        table.add_column(style="dim", width=8)
        table.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
        table.add_column(justify="right", overflow="ellipsis", no_wrap=True, max_width=60)
        for title, result in latest[-8:]:
            style = "red" if result.split(":")[0].isupper() else ""
            table.add_row("done", Text(title), Text(result, style=style))
        for slot, task in sorted(running.items()):
            table.add_row(f"slot {slot + 1}", Text(task.title, style="cyan"), _clock(_age(tally, task)))
        counts = f"{tally.ended} of {tally.total} tasks ({tally.cells} cells)"
        wrong = f", {tally.wrong} failed" if tally.wrong else ""
        return Group(
            table,
            Text(f"{counts}{wrong}, {tally.elapsed()} elapsed, about {tally.eta()} to go"),
            ProgressBar(total=max(tally.total, 1), completed=tally.ended),  # last: it ends no line
        )

    def show(event: Event) -> None:
        tally.hear(event)
        if event.answer is None:
            running[event.slot] = event.task
            return
        running.pop(event.slot, None)
        if isinstance(event.answer, Answer):
            latest.append((event.task.title, result_of(event.answer)))

    with Live(console=Console(stderr=True), get_renderable=view, refresh_per_second=4, transient=True):
        yield show


def _age(tally: _Tally, task: Task) -> float:
    return time.monotonic() - tally.started.get(task.key, time.monotonic())
