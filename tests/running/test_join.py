"""Several runs on one folder share the work, are seen, and end in the time that they have; Dask's workers, too."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from blurbench.running.session import NO_LOCKS
from tests.conftest import Command
from tests.running.tiny import RESULTS, differences, leftovers, placed, records, start, write_suite

pytestmark = pytest.mark.processes


def test_three_runs_that_join_do_nothing_twice_and_each_ends_with_everything_there(
    tmp_path: Path, striker: dict[str, str], undisturbed: dict[str, Any]
) -> None:
    suite = write_suite(tmp_path)
    environment = {**os.environ, **striker}
    runs = [
        subprocess.Popen(start(suite, jobs), cwd=tmp_path, env=environment, stdout=-1, stderr=-1, text=True)
        for jobs in (1, 1, 2)
    ]
    for run in runs:
        stdout, stderr = run.communicate(timeout=240)
        assert run.returncode == 0, stderr
        assert "What blur costs plain" in stdout
    assert not differences(records(tmp_path / RESULTS), undisturbed)
    assert set(placed(striker).values()) == {1}
    assert leftovers(tmp_path / RESULTS) == []
    assert not list((tmp_path / RESULTS / "locks").glob("*.json"))


def test_one_of_two_that_is_killed_costs_what_it_had_in_hand_and_nothing_else(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    suite = write_suite(tmp_path)
    runs = [subprocess.Popen(start(suite, 1), cwd=tmp_path, stdout=-1, stderr=-1, text=True) for _ in range(2)]
    deadline = time.monotonic() + 120
    while not list((tmp_path / RESULTS).glob("artifacts/[0-9a-f]*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    runs[0].send_signal(signal.SIGKILL)
    runs[0].communicate(timeout=60)
    _, stderr = runs[1].communicate(timeout=240)
    assert runs[1].returncode == 0, stderr
    assert not differences(records(tmp_path / RESULTS), undisturbed)


def test_a_run_begins_nothing_that_would_not_end_in_its_time_and_the_next_goes_on(
    blurbench: Command, tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    suite = write_suite(tmp_path)
    first = blurbench("run", "--suite", str(suite), "-j", "1", "--walltime", "1", "--minutes", "5")
    assert first.returncode == 0, first.stderr
    assert "6 cells are left that may not end in the time that this run has; the same command goes on" in first.stderr
    assert records(tmp_path / RESULTS) == {}
    soon = str(int(time.time()) + 3600)
    second = blurbench("run", "--suite", str(suite), "-j", "0", SLURM_JOB_END_TIME=soon)
    assert second.returncode == 0, second.stderr
    assert not differences(records(tmp_path / RESULTS), undisturbed)
    wrong = blurbench("run", "--suite", str(suite), SLURM_JOB_END_TIME="tomorrow")
    assert wrong.stderr == "blurbench: SLURM_JOB_END_TIME is 'tomorrow'; it is set by Slurm, to seconds since 1970\n"


# What file systems do that have no locks: some say so, on others each machine has locks of its own.
LOCKLESS = {
    "say so": "import errno, fcntl\ndef flock(*given): raise OSError(errno.ENOLCK, 'no locks available')\n",
    "hold nothing": "import fcntl\ndef flock(*given): pass\n",
}


def test_where_locks_do_not_hold_two_runs_say_so_and_store_what_one_alone_would(
    tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    suite, runs = write_suite(tmp_path), []
    for how, code in LOCKLESS.items():
        (tmp_path / how).mkdir()
        (tmp_path / how / "sitecustomize.py").write_text(code + "fcntl.flock = flock\n")
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / how)}
        runs.append(subprocess.Popen(start(suite, 1), cwd=tmp_path, env=environment, stdout=-1, stderr=-1, text=True))
    for run in runs:
        _, stderr = run.communicate(timeout=240)
        assert run.returncode == 0, stderr
        assert stderr.count(f"blurbench: {NO_LOCKS}\n") == 1
    assert not differences(records(tmp_path / RESULTS), undisturbed)
    assert leftovers(tmp_path / RESULTS) == []


# --- Dask -----------------------------------------------------------------------------------------------------------


def test_a_cluster_of_dask_that_a_file_names_measures_the_same_and_ends_with_the_run(
    blurbench: Command, tmp_path: Path, undisturbed: dict[str, Any]
) -> None:
    (tmp_path / "cluster.yaml").write_text("cluster: LocalCluster\nworkers: 2\noptions: {dashboard_address: ':0'}\n")
    run = blurbench("run", "--suite", str(write_suite(tmp_path)), "--dask", "cluster.yaml", "-j", "2")
    assert run.returncode == 0, run.stderr
    assert run.stderr.splitlines()[0].endswith("6 to measure; Dask workers of cluster.yaml")
    assert "WARNING" not in run.stderr
    assert not differences(records(tmp_path / RESULTS), undisturbed)
    assert len(list((tmp_path / RESULTS / "timings").iterdir())) == 1
    assert leftovers(tmp_path / RESULTS) == []
    assert not [path for path in (tmp_path / RESULTS / "locks").iterdir() if path.suffix != ".lock"]
