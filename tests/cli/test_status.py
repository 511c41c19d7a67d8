"""`blurbench status`: what a results folder holds, and who is at work in it."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from blurbench.store.locks import Locks
from tests.conftest import Command
from tests.running.tiny import RESULTS, start, write_suite


def test_status_counts_what_is_stored(blurbench: Command, smoked: Path) -> None:
    result = blurbench("status", "--out", str(smoked))
    assert result.stdout.startswith("smoke.v1.quick: ")
    assert " ok" in result.stdout


def test_status_shows_what_is_under_way_and_whose_it_is(blurbench: Command, tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    assert "there is no results folder" in blurbench("status").stderr
    environment = {**os.environ, "SLURM_JOB_ID": "4711"}
    with subprocess.Popen(start(suite, 1), cwd=tmp_path, env=environment, stdout=-1, stderr=-1, text=True) as run:
        locks, seen = Locks(tmp_path / RESULTS / "locks"), ""
        while not any("digits: " in holder.what for holder in locks.under_way().values()) and run.poll() is None:
            time.sleep(0.01)
        seen = blurbench("status").stdout
        run.communicate(timeout=240)
    assert "under way: run tiny, budget quick (on " in seen
    assert f"process {run.pid}, job 4711, since " in seen
    assert "under way" not in blurbench("status").stdout
