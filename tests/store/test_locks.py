"""Who does what in a results folder."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from blurbench.errors import UsageError
from blurbench.store.locks import Held, Holder, Locks


@pytest.fixture
def locks(tmp_path: Path) -> Locks:
    return Locks(tmp_path)


def _holding(folder: Path) -> None:
    with Locks(folder).at_once("abcd", "fitting something"):
        (folder / "held").touch()
        time.sleep(600)


@pytest.fixture
def another(locks: Locks) -> Iterator[int]:
    """The number of a process that holds the lock `abcd`; it is killed at the end."""
    process = multiprocessing.get_context("spawn").Process(target=_holding, args=(locks.folder,))
    process.start()
    while not (locks.folder / "held").exists():
        time.sleep(0.02)
    assert process.pid is not None
    yield process.pid
    process.kill()
    process.join()


def test_a_lock_that_another_process_holds_is_told_at_once_and_whose_it_is(locks: Locks, another: int) -> None:
    began = time.monotonic()
    with pytest.raises(Held), locks.at_once("abcd"):
        pass
    assert time.monotonic() - began < 0.5
    (holder,) = locks.under_way().values()
    assert (holder.what, holder.process) == ("fitting something", another)


def test_what_a_killed_process_left_behind_is_not_under_way(locks: Locks, another: int) -> None:
    os.kill(another, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while locks.under_way() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert locks.under_way() == {}
    assert not (locks.folder / "abcd.json").exists()
    with locks.at_once("abcd"):
        pass


def test_a_note_lasts_as_long_as_its_lock(locks: Locks) -> None:
    with locks.at_once("abcd", "timing"):
        assert json.loads((locks.folder / "abcd.json").read_text())["what"] == "timing"
    assert not (locks.folder / "abcd.json").exists()


def test_locks_hold_here_and_leave_nothing_behind(locks: Locks) -> None:
    assert locks.hold()
    assert list(locks.folder.iterdir()) == []


def test_runs_with_the_same_versions_join_and_others_are_told_what_differs(locks: Locks) -> None:
    with locks.joined("run tiny", {"blurbench": "1", "own": "2"}):
        with locks.joined("run tiny", {"blurbench": "1", "other": "3"}):
            assert {holder.what for holder in locks.under_way().values()} == {"run tiny"}
        with (
            pytest.raises(UsageError, match=r"goes on in this folder with own 2, and this one has 3: install the same"),
            locks.joined("run tiny", {"blurbench": "1", "own": "3"}),
        ):
            pass
    assert locks.under_way() == {}


def test_a_strangers_note_is_no_holder(locks: Locks) -> None:
    (locks.folder / "abcd.json").write_text('{"what": 7}')
    assert locks.under_way() == {}
    assert Holder(what="x", host="y", process=1, since="now").versions == {}
