"""When the time that a run has is over."""

from __future__ import annotations

import math
import os
import time
from datetime import datetime
from pathlib import Path

import pytest

from blurbench.running.deadline import CLOSING, seconds_left


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A squeue that knows job 7 alone, and answers for it what the file says."""
    script = f'#!/bin/sh\n[ "$2" = --jobs=7 ] && cat {tmp_path / "answer"}\n'
    (tmp_path / "squeue").write_text(script)
    (tmp_path / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("SLURM_JOB_END_TIME", raising=False)
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    return tmp_path / "answer"


def test_a_slurm_that_does_not_tell_its_jobs_is_asked(squeue: Path) -> None:
    squeue.write_text(datetime.fromtimestamp(time.time() + 600).isoformat(timespec="seconds") + "\n")
    assert 500 < seconds_left() + CLOSING < 601
    assert seconds_left(walltime=2) + CLOSING == 120


@pytest.mark.parametrize(("job", "answer"), [("7", "N/A\n"), ("7", ""), ("8", "2026-01-01T00:00:00\n")])
def test_where_it_does_not_answer_or_sets_no_end_there_is_none(
    squeue: Path, monkeypatch: pytest.MonkeyPatch, job: str, answer: str
) -> None:
    squeue.write_text(answer)
    monkeypatch.setenv("SLURM_JOB_ID", job)
    assert seconds_left() == math.inf
