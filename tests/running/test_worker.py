"""What becomes of a task in a worker."""

from __future__ import annotations

import errno
import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from blurbench.errors import Skip, UsageError
from blurbench.matrix.tasks import Runtime
from blurbench.registry import Registry
from blurbench.running.runtime import WorkerRuntime
from blurbench.running.worker import Answer, NoRoom, Passed, answer
from blurbench.store.store import Store
from tests.running.chores import Chore


@dataclass(frozen=True, eq=False)
class Failing(Chore):
    """Prints, then fails, or not."""

    error: Exception | None = None

    def run(self, runtime: Runtime, force: bool) -> str:
        os.write(1, b"at work\n")  # as native code prints, past Python's own streams
        if self.error is not None:
            raise self.error
        return "top-1 90.0%"


class Meddling(Chore):
    """Changes what later rows depend on."""

    def run(self, runtime: Runtime, force: bool) -> str:
        torch.set_default_dtype(torch.float64)
        return ""


@pytest.fixture
def runtime(tmp_path: Path) -> WorkerRuntime:
    store = Store(tmp_path / "results")
    store.create()
    return WorkerRuntime(Registry(), store, torch.device("cpu"), lambda: None)


def test_what_is_done_is_told_and_what_was_printed_is_in_its_log(runtime: WorkerRuntime) -> None:
    assert answer(runtime, Failing("ab", "a task"), False) == Answer("ab", headline="top-1 90.0%")
    assert runtime.store.log_path("ab").read_text() == "at work\n"


def test_of_what_prints_nothing_no_log_stays(runtime: WorkerRuntime) -> None:
    answer(runtime, Chore("ab", "a task"), False)
    assert not runtime.store.log_path("ab").exists()


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (KeyError("width"), "failed", "KeyError: 'width'"),
        (UsageError("two\nlines"), "failed", "two lines"),
        (Skip("not in colour"), "skipped", "not in colour"),
    ],
)
def test_what_fails_costs_its_own_task_with_a_reason(
    runtime: WorkerRuntime, error: Exception, status: str, reason: str
) -> None:
    logged: list[str] = []
    told = answer(runtime, Failing("ab", "a task", error=error), False, lambda path: nullcontext(logged.append))
    assert isinstance(told, Answer)
    assert (told.status, told.reason) == (status, reason)
    assert ("Traceback" in "".join(logged)) == (status == "failed")


def test_a_full_disk_is_no_fault_of_the_task(runtime: WorkerRuntime) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert isinstance(answer(runtime, Failing("ab", "a task", error=full), False), NoRoom)


def test_what_another_run_has_in_hand_is_for_later(runtime: WorkerRuntime, tmp_path: Path) -> None:
    with Store(tmp_path / "results").locks.at_once("ab", "theirs"):
        assert answer(runtime, Failing("ab", "a task"), False) == Passed("ab")


def test_what_a_task_leaves_changed_is_put_back_and_remarked(runtime: WorkerRuntime) -> None:
    told = answer(runtime, Meddling("ab", "a task"), False)
    assert isinstance(told, Answer)
    assert told.remarks == ("a task: its plugins changed the default dtype for this process; put back",)
    assert torch.get_default_dtype() == torch.float32
