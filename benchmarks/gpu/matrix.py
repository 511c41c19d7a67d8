"""The stages one after another, each in a process of its own that is ended when its share of the time is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.gpu.journal import Entry, Journal
from blurbench.checkout import SOURCE
from blurbench.errors import UnknownName, UsageError, shortened

__all__ = ["LOST", "RESULTS", "STAGES", "Matrix", "StageResult"]

STAGES = {"checks": 15, "hot_path": 30, "training": 20, "suite": 35}
"""Percent of the time for each; what one leaves over, the later ones share."""

WRITING = 0.08
"""Of the minutes are kept for the report."""

RESULTS = "results"
"""The suite's results folder, inside the folder of work."""

NO_DEVICE = UsageError.exit_code
LOST = 3
"""The exit code of a process whose device answers no more: another goes on with the next step."""


@dataclass
class StageResult:
    """What became of a stage in this call; what it measured stands in its journal."""

    name: str
    journal: Journal
    seconds: float = 0.0
    reason: str = ""
    """Why it ended before all its steps were done."""

    @property
    def failed(self) -> bool:
        """Whether something went wrong; a stage whose time was up did what it could."""
        return bool(self.reason) or any(entry.state == "failed" for entry in self.journal.entries.values())


@dataclass
class Matrix:
    """One call: its folders, device and end."""

    work: Path
    device: str
    minutes: float
    only: Sequence[str] = ()
    data_dirs: Sequence[Path] = ()
    began: float = field(default_factory=time.monotonic)
    has_begun: bool = False
    """Whether any process found its device."""

    def __post_init__(self) -> None:
        for name in self.only:
            if name not in STAGES:
                raise UnknownName("part of --only", name, STAGES)
        self.work.mkdir(parents=True, exist_ok=True)

    def run(self) -> Iterator[StageResult]:
        """The result of each stage as soon as it ends. Raises UsageError where the device cannot be had."""
        wanted = [name for name in STAGES if not self.only or name in self.only]
        for place, name in enumerate(wanted):
            share = STAGES[name] / sum(STAGES[later] for later in wanted[place:])
            yield self._stage(name, self._left() * share)

    def _left(self) -> float:
        return self.began + self.minutes * 60 * (1 - WRITING) - time.monotonic()

    def _stage(self, name: str, seconds: float) -> StageResult:
        path = self.work / f"{name}.jsonl"
        Journal(path).forget_failures()
        began = time.monotonic()
        reason = ""
        while (left := began + seconds - time.monotonic()) > 0:
            code, last = self._process(name, left)
            journal = Journal(path)
            if code == NO_DEVICE and not self.has_begun:
                raise UsageError(last.removeprefix("blurbench: "))
            self.has_begun = True
            if journal.begun:
                journal.add(_ended(journal.begun, code, last))
            elif code not in (0, None, LOST):
                reason = f"its process ended with {code}: {last}"
            if code in (0, None) or reason:
                break
        return StageResult(name, Journal(path), time.monotonic() - began, reason)

    def _process(self, name: str, seconds: float) -> tuple[int | None, str]:
        """The exit code, None if it was ended because its time was up, and the last line that it printed."""
        command = [sys.executable, "-m", "benchmarks.gpu.job", name, str(self.work), self.device, f"{seconds:.1f}"]
        with (self.work / "log.txt").open("ab") as log:
            log.write(f"\n--- {name}: {seconds:.0f} s\n".encode())
            log.flush()
            process = subprocess.Popen(
                [*command, *map(str, self.data_dirs)],
                cwd=SOURCE,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self._interpreted(name)},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code: int | None = process.wait(seconds)
            except subprocess.TimeoutExpired:
                code = None
            finally:  # Ctrl-C too: it reaches this process alone
                _end(process)
        return code, _last_line(self.work / "log.txt")

    def _interpreted(self, name: str) -> dict[str, str]:
        """Triton reads this when it is imported; blurs that are timed must not meet it."""
        return {"TRITON_INTERPRET": "1"} if name == "checks" and self.device == "cpu" else {}


def _ended(step: str, code: int | None, last: str) -> Entry:
    """What became of the step in which a process ended."""
    if code is None:
        return Entry(step, "cut", "the time was up")
    return Entry(step, "failed", shortened(f"its process ended with {code}: {last}", 300))


def _end(process: subprocess.Popen[bytes]) -> None:
    """With all that it started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _last_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        lines = deque((line for line in file if line.strip()), maxlen=1)
    return shortened(lines[0]) if lines else ""
