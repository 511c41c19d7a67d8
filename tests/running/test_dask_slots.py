"""Dask's workers do what workers of this machine do, lose no more, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from distributed import Client, LocalCluster, wait

from blurbench.errors import BlurbenchError, UsageError
from blurbench.running import dask_cluster
from blurbench.running.dask_cluster import DaskPlace, connected
from blurbench.running.dask_slots import DaskSlots, devices, differing
from blurbench.running.worker import Lost, Options
from tests.conftest import Command
from tests.running.test_never_loses_work import _hear_signals, _is_alive
from tests.running.tiny import RESULTS, records, start, write_suite

pytestmark = pytest.mark.processes

# Does to the worker that meets it what its parameter says, once: from then on it blurs nothing.
TRAP = """
import os, signal, time
from dataclasses import dataclass
from pathlib import Path
from blurbench.contract import Blur

@dataclass(frozen=True)
class Trap(Blur):
    '''Goes off once.'''

    how: str
    family = "trap"

    def degrade(self, image, generator):
        return image

    def degrade_set(self, images, draws):
        sprung = Path("sprung-" + self.how)
        if not sprung.exists():
            sprung.write_text(f"{os.getpid()} {os.getppid()}")
            match self.how:
                case "crash":
                    os.kill(os.getpid(), signal.SIGSEGV)
                case "lose":
                    os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(600)
        return super().degrade_set(images, draws)
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two Dask workers, processes of their own."""
    options = {"dashboard_address": ":0", "silence_logs": 50}
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **options) as cluster:
        yield cluster


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    """The folder of a suite whose blurs are traps."""
    (tmp_path / "trap.py").write_text(TRAP)
    write_suite(tmp_path, ("plain",), ("none", "trap[how=hang]", "trap[how=crash]", "trap[how=lose]"))
    return tmp_path


def command(folder: Path, *more: str) -> list[str]:
    return [*start(folder / "tiny.toml")[:-2], *more]


# --- who can take part ---------------------------------------------------------------------------------------------


def test_versions_are_compared_but_for_what_they_are_built_for() -> None:
    ours = {"blurbench": "0.1.0", "torch": "2.9.0+cpu"}
    assert differing({"blurbench": "0.1.0", "torch": "2.9.0+cu130", "more": "1"}, ours) == ""
    assert (
        differing({"blurbench": "0.1.0", "torch": "2.9.1+cpu"}, ours) == "torch 2.9.1+cpu, and this run has 2.9.0+cpu"
    )


@pytest.mark.parametrize(
    ("found", "threads", "runs", "resources", "expected"),
    [
        (["cpu"] * 8, 1, 3, {}, ["cpu"] * 3),
        (["cpu"] * 8, 2, 5, {}, ["cpu"] * 2),
        (["cpu"], 4, 1, {"GPU": 0}, ["cpu"]),
        (["cuda:0", "cuda:1"], 1, 8, {}, ["cuda:0", "cuda:1"]),
        (["cuda:0", "cuda:1"], 1, 1, {}, ["cuda:0"]),  # as dask-cuda starts them
        (["cuda:0", "cuda:1"], 1, 8, {"GPU": 1}, ["cuda:0"]),
    ],
)
def test_a_slot_is_a_gpu_that_a_worker_says_it_has_or_a_thread(
    found: list[str], threads: int, runs: int, resources: dict[str, float], expected: list[str]
) -> None:
    assert devices({"devices": found, "nthreads": runs, "resources": resources}, threads) == expected


def test_a_worker_without_a_plugin_package_of_the_run_is_refused_in_one_line(
    blurbench: Command, tmp_path: Path, cluster: LocalCluster, box: Path
) -> None:
    suite = str(write_suite(tmp_path))
    run = blurbench("run", "--suite", suite, "--dask", cluster.scheduler_address, PYTHONPATH=str(box))
    assert run.returncode == 2
    assert " has no blurbench-box, and this run has " in run.stderr.splitlines()[-1]
    assert run.stderr.endswith(": install the same\n")
    assert records(tmp_path / RESULTS) == {}


def test_a_worker_that_does_not_see_the_results_folder_is_refused(tmp_path: Path, cluster: LocalCluster) -> None:
    options = Options(tmp_path / "results", "auto", 1)
    with (
        Client(cluster.scheduler_address) as client,
        pytest.raises(UsageError, match=r"does not see the results folder .*results: name one on a shared disk"),
    ):
        DaskSlots(client, options, tmp_path / "no token", None, 10.0)


# --- what is lost --------------------------------------------------------------------------------------------------


def test_time_limits_crashes_and_lost_workers_cost_one_task_each(
    blurbench: Command, trapped: Path, cluster: LocalCluster
) -> None:
    options = ("--plugins", "trap.py", "--minutes", "0.5", "-j", "2")  # while one hangs, the others are met
    run = blurbench("run", "--suite", "./tiny.toml", "--dask", cluster.scheduler_address, *options)
    assert run.returncode == 1
    found = {record["axes"]["test_blur"]["label"]: record for record in records(trapped / RESULTS).values()}
    assert {label: record["reason"] for label, record in found.items()} == {
        "none": "",
        "trap[how=hang]": "it took longer than the limit of 0.5 minutes",
        "trap[how=crash]": "its worker process died (signal SIGSEGV)",
        "trap[how=lose]": "its worker process died (its Dask worker has gone)",
    }
    assert not cluster.scheduler.tasks


def test_an_answer_that_goes_with_its_dask_worker_is_a_lost_worker(tmp_path: Path, cluster: LocalCluster) -> None:
    (tmp_path / "token").touch()
    with Client(cluster.scheduler_address) as client:
        slots = DaskSlots(client, Options(tmp_path, "cpu", 1), tmp_path / "token", 1, 60.0)
        place = slots.places[0]
        only = {"workers": [place.address], "allow_other_workers": False, "retries": 0, "pure": False}
        place.asked = client.submit(bytes, 8, **only)
        wait(place.asked)
        slots.said.put((0, place.asked))
        client.run(
            os.kill, client.run(os.getpid)[place.address], signal.SIGKILL, workers=[place.address], on_error="ignore"
        )
        assert slots.poll([0], 60.0) == [(0, Lost("its Dask worker has gone"))]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_stopped_or_killed_leaves_no_task_behind(
    trapped: Path, cluster: LocalCluster, number: signal.Signals
) -> None:
    (trapped / "scheduler.json").write_text(f'{{"address": "{cluster.scheduler_address}"}}')
    options = ("--plugins", "trap.py", "--test-blur", "trap[how=hang]", "--dask", "scheduler.json")
    with subprocess.Popen(
        command(trapped, *options), cwd=trapped, stderr=-1, stdout=-1, text=True, preexec_fn=_hear_signals
    ) as run:
        while not (trapped / "sprung-hang").exists() and run.poll() is None:
            time.sleep(0.05)
        run.send_signal(number)
        _, stderr = run.communicate(timeout=60)
    assert run.returncode == (130 if number == signal.SIGINT else -number), stderr
    assert number == signal.SIGKILL or stderr.endswith("the same command goes on from there.\n")
    process, worker = map(int, (trapped / "sprung-hang").read_text().split())
    deadline = time.monotonic() + 30
    while (_is_alive(process) or cluster.scheduler.tasks) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(process)
    assert not cluster.scheduler.tasks
    assert _is_alive(worker), "Dask's worker is not ours to end"
    assert {record["status"] for record in records(trapped / RESULTS).values()} <= {"ok"}


def test_a_scheduler_that_is_killed_ends_the_run_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 3.0)
    (tmp_path / "token").touch()
    with ExitStack() as stack:
        scheduler = stack.enter_context(started(tmp_path, "scheduler", "--host", "127.0.0.1", "--port", "0"))
        stack.enter_context(started(tmp_path, "worker", "--no-nanny", "--nthreads", "1"))
        while not (tmp_path / "scheduler.json").exists():
            time.sleep(0.05)
        client = stack.enter_context(connected(DaskPlace.of(str(tmp_path / "scheduler.json"))))
        slots = DaskSlots(client, Options(tmp_path, "cpu", 1), tmp_path / "token", None, 60.0)
        assert len(slots.numbers()) == 1
        scheduler.kill()
        with pytest.raises(BlurbenchError, match="the Dask scheduler has gone; what was measured is kept"):
            slots.poll([], 120.0)


@contextmanager
def started(folder: Path, what: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """`dask scheduler` or `dask worker`, as on a command line."""
    command = [*(sys.executable, "-m", "dask", what), "--scheduler-file", "scheduler.json", "--no-dashboard", *options]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()
