"""A plugin of pytest for `checks`: leaves out what passed before, and writes down each test as it ends."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.gpu.journal import Entry, Journal, State
from blurbench.errors import shortened

__all__ = ["Recorder"]


class Recorder:
    """Writes into a stage's journal."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    @pytest.hookimpl(trylast=True)  # when -m has chosen
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
