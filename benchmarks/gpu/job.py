"""A stage's process: `python -m benchmarks.gpu.job STAGE WORK DEVICE SECONDS`, begun and ended by the command's.

A process of its own, because a GPU that met one bad kernel answers its process no more, and because nothing else ends
what does not end by itself.
"""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

import torch

from benchmarks.gpu.journal import Entry, Journal
from benchmarks.gpu.matrix import LOST
from benchmarks.timing.machine import description
from benchmarks.timing.measure import device_of
from blurbench.errors import BlurbenchError, Skip, shortened
from blurbench.running.global_state import set_reproducible

__all__ = ["Job", "Step", "main"]

Step: TypeAlias = tuple[str, Callable[[], Any]]
"""A name, and what gives a value for JSON."""


@dataclass
class Job:
    """What a stage must know: where to write, on what to compute, and for how long."""

    journal: Journal
    work: Path
    device: torch.device
    seconds: float
    """For the whole stage."""
    data_dirs: tuple[Path, ...] = ()
    began: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> float:
        """Seconds until the process is ended."""
        return self.began + self.seconds - time.monotonic()

    def take(self, steps: Iterable[Step]) -> None:
        """Take those steps that are not in the journal, each failing alone."""
        todo = list(steps)
        self.journal.say(planned=[name for name, _ in todo])
        for name, call in todo:
            if name not in self.journal.entries:
                self.journal.say(begun=name)
                entry = _taken(name, call)
                self.journal.add(entry)
                print(f"{name}: {entry.state} {entry.reason}".rstrip(), flush=True)
                if entry.state == "failed" and not _answers(self.device):
                    sys.exit(LOST)


def _taken(name: str, call: Callable[[], Any]) -> Entry:
    before = time.perf_counter()
    try:
        value = call()
    except Skip as reason:
        return Entry(name, "skipped", shortened(str(reason)))
    except Exception as error:
        traceback.print_exc()
        kind = "" if isinstance(error, BlurbenchError) else f"{type(error).__name__}: "
        return Entry(name, "failed", shortened(f"{kind}{error}", 300), time.perf_counter() - before)
    return Entry(name, "ok", seconds=time.perf_counter() - before, value=value)


def _answers(device: torch.device) -> bool:
    try:
        return float(torch.ones(2, device=device).sum()) == 2
    except RuntimeError:
        return False


def main(stage: str, work: str, device: str, seconds: str, *data_dirs: str) -> None:
    """Set what results depend on, then do the stage."""
    where = device_of(device)
    set_reproducible()
    journal = Journal(Path(work) / f"{stage}.jsonl")
    journal.begin(description(where))
    job = Job(journal, Path(work), where, float(seconds), tuple(map(Path, data_dirs)))
    import_module(f"benchmarks.gpu.{stage}").run(job)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except BlurbenchError as error:
        print(f"blurbench: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
