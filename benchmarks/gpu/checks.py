"""The tests that are marked `gpu`, on this device; without one, under Triton's interpreter."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from benchmarks.gpu.job import Job
from benchmarks.gpu.journal import Entry, State
from blurbench.checkout import SOURCE
from blurbench.errors import shortened

__all__ = ["run"]

MARK = "pytest.mark.gpu"


def run(job: Job) -> None:
    """One step a test."""
    if missing := [name for name in ("pytest", "triton", "scipy") if importlib.util.find_spec(name) is None]:
        reason = f"not installed: {', '.join(missing)}; without them the gpu tests cannot run"
        job.journal.say(planned=["tests"])
        job.journal.add(Entry("tests", "skipped", reason))
        return
    if job.device.type == "cpu":
        os.environ["TRITON_INTERPRET"] = "1"
    import pytest

    options = ("-q", "-p", "no:cacheprovider", "-o", "addopts=--strict-markers", "-m", "gpu")
    pytest.main([f"--rootdir={SOURCE}", *options, *map(str, _files())], plugins=[_Recorder(job)])


def _files() -> list[Path]:
    """The test modules that have such tests: to import all others takes longer than to run these."""
    return [path for path in sorted((SOURCE / "tests").rglob("test_*.py")) if MARK in path.read_text(encoding="utf-8")]


class _Recorder:
    """A plugin of pytest: leaves out what passed before, and writes down each test as it ends."""

    def __init__(self, job: Job) -> None:
        self.journal = job.journal

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        self.journal.say(planned=[item.nodeid for item in items])
        items[:] = [item for item in items if item.nodeid not in self.journal.entries]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.journal.say(begun=nodeid)

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or not report.passed:
            state: State = "ok" if report.passed else "skipped" if report.skipped else "failed"
            self.journal.add(Entry(report.nodeid, state, _reason(report), report.duration))

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.journal.add(Entry(report.nodeid or "collection", "failed", _reason(report)))


def _reason(report: Any) -> str:
    if report.passed:
        return ""
    if isinstance(report.longrepr, tuple):  # a skip: file, line, reason
        return shortened(str(report.longrepr[-1]))
    crash = getattr(report.longrepr, "reprcrash", None)
    return shortened(str(crash.message if crash else report.longrepr), 300)
