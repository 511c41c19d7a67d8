"""What a stage measured outlives its process, and is never measured twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from benchmarks.gpu import job as jobs
from benchmarks.gpu.job import Job
from benchmarks.gpu.journal import Entry, Journal
from benchmarks.gpu.matrix import LOST
from blurbench.errors import Skip

HERE = {"device": "cpu", "cores": 2}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "work" / "stage.jsonl"


def job_on(path: Path) -> Job:
    journal = Journal(path)
    journal.begin(HERE)
    return Job(journal, path.parent, torch.device("cpu"), 10.0)


def fails() -> None:
    raise RuntimeError("the lens\nis dirty")


def skips() -> None:
    raise Skip("no lens here")


def test_a_step_that_fails_costs_itself_and_says_why(path: Path) -> None:
    job_on(path).take([("one", fails), ("two", skips), ("three", lambda: {"ms": 3})])
    read = Journal(path)
    assert [(entry.step, entry.state, entry.reason) for entry in read.entries.values()] == [
        ("one", "failed", "RuntimeError: the lens is dirty"),
        ("two", "skipped", "no lens here"),
        ("three", "ok", ""),
    ]
    assert read.entries["three"].value == {"ms": 3}
    assert list(read.planned) == ["one", "two", "three"]
    assert read.machine == HERE


def test_the_next_call_tries_again_what_failed_or_was_cut_and_nothing_else(path: Path) -> None:
    taken: list[str] = []
    steps = [(name, lambda name=name: taken.append(name)) for name in ("one", "two", "three")]
    journal = Journal(path)
    journal.begin(HERE)
    journal.add(Entry("one", "ok", value=1))
    journal.add(Entry("two", "failed", "dirty"))
    Journal(path).forget_failures()
    job_on(path).take(steps)
    assert taken == ["two", "three"]
    assert Journal(path).entries["one"].value == 1


def test_half_a_line_is_no_line_and_what_was_begun_is_known(path: Path) -> None:
    journal = Journal(path)
    journal.begin(HERE)
    journal.say(begun="one")
    journal.add(Entry("one", "ok"))
    journal.say(begun="two")
    with path.open("a") as file:
        file.write('{"step": "two", "sta')
    read = Journal(path)
    assert read.begun == "two"
    assert list(read.entries) == ["one"]


def test_another_machine_begins_a_journal_of_its_own(path: Path) -> None:
    journal = Journal(path)
    journal.begin(HERE)
    journal.add(Entry("one", "ok"))
    again = Journal(path)
    again.begin({**HERE, "cores": 4})
    assert Journal(path).entries == {}
    assert Journal(path).machine == {**HERE, "cores": 4}


def test_a_device_that_answers_no_more_ends_the_process_with_the_step_written_down(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_answers", lambda device: False)
    with pytest.raises(SystemExit) as end:
        job_on(path).take([("one", fails), ("two", lambda: 2)])
    assert end.value.code == LOST
    assert list(Journal(path).entries) == ["one"]
