"""A real Slurm of two nodes on this machine, from Debian's packages: slurmctld, slurmd, slurm-client,
slurm-wlm-basic-plugins, munge; as root."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Command
from tests.running.tiny import RESULTS, differences, records, write_suite

pytestmark = pytest.mark.slow

CONFIGURATION = """
ClusterName=tiny
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmUser=root
SlurmdUser=root
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SwitchType=switch/none
MpiDefault=none
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 RealMemory=1000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 RealMemory=1000
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which sbatch and squeue talk to that Slurm."""
    if os.getuid() or not all(map(shutil.which, ("munged", "slurmctld", "slurmd", "sbatch"))):
        pytest.skip("no slurmctld, slurmd, slurm-client and munge here, or not root")
    folder = tmp_path_factory.mktemp("slurm")
    (folder / "munge").mkdir(mode=0o700)
    (folder / "munge" / "key").write_bytes(os.urandom(1024))
    (folder / "munge" / "key").chmod(0o400)
    configuration = CONFIGURATION.format(host=socket.gethostname().split(".")[0], folder=folder, ports=free_ports(3))
    (folder / "slurm.conf").write_text(configuration)
    environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
    munge = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    options = [f"--{option}={folder / 'munge' / name}" for option, name in munge.items()]
    try:
        for daemon in (
            ["munged", "--force", *options],
            ["slurmctld", "-c"],
            ["slurmd", "-N", "n1"],
            ["slurmd", "-N", "n2"],
        ):
            subprocess.run(daemon, env=environment, check=True, capture_output=True, timeout=60)
        await_nodes(environment)
        yield {"SLURM_CONF": environment["SLURM_CONF"]}
    finally:
        for path in [*folder.glob("slurm*.pid"), folder / "munge" / "pid"]:
            if path.exists():
                os.kill(int(path.read_text()), signal.SIGTERM)


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def await_nodes(environment: dict[str, str]) -> None:
    deadline, seen = time.monotonic() + 60, ""
    while seen.count("idle") < 2 and time.monotonic() < deadline:
        time.sleep(0.2)
        command = ["sinfo", "--noheader", "--Node", "--format=%t"]
        seen = subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout
    assert seen.count("idle") == 2, seen


def queued(slurm: dict[str, str]) -> str:
    """The jobs that wait or run."""
    command = ["squeue", "--noheader", "--format=%i %T"]
    return subprocess.run(command, env={**os.environ, **slurm}, capture_output=True, text=True, check=True).stdout


def await_jobs(slurm: dict[str, str], seconds: float = 300) -> None:
    """Until all have ended."""
    deadline = time.monotonic() + seconds
    while queued(slurm) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert queued(slurm) == ""


def test_an_array_of_two_jobs_on_two_nodes_shares_the_work(
    blurbench: Command, tmp_path: Path, slurm: dict[str, str], undisturbed: dict[str, Any]
) -> None:
    run = ("run", "--suite", str(write_suite(tmp_path)), "-j", "1", "--slurm", "2")
    sent = blurbench(*run, "--", "--time=30", **slurm)
    assert sent.stdout.startswith("Submitted batch job "), sent.stderr
    await_jobs(slurm)
    found = records(tmp_path / RESULTS)
    jobs = {record["provenance"].pop("job") for record in found.values()}
    array = sent.stdout.split()[-1]
    assert jobs <= {f"{array}_1", f"{array}_2"}
    assert not differences(found, undisturbed)


def test_a_job_begins_nothing_that_slurm_would_end(blurbench: Command, tmp_path: Path, slurm: dict[str, str]) -> None:
    run = ("run", "--suite", str(write_suite(tmp_path)), "-j", "1", "--minutes", "20", "--slurm", "1")
    assert blurbench(*run, "--", "--time=10", **slurm).returncode == 0
    await_jobs(slurm)
    log = next((tmp_path / RESULTS / "logs").glob("slurm-*.log")).read_text()
    assert "6 cells are left that may not end in the time that this run has" in log
    assert records(tmp_path / RESULTS) == {}


def test_dask_brings_its_workers_by_slurm_and_takes_them_away(
    blurbench: Command, tmp_path: Path, slurm: dict[str, str], undisturbed: dict[str, Any]
) -> None:
    options = "{cores: 1, memory: 900MB, walltime: '00:30:00', log_directory: logs, local_directory: spill}"
    (tmp_path / "cluster.yaml").write_text(f"cluster: SLURMCluster\nworkers: 2\noptions: {options}\n")
    run = ("run", "--suite", str(write_suite(tmp_path)), "--dask", "cluster.yaml")
    done = blurbench(*run, "--minutes", "5", **slurm)
    assert done.returncode == 0, done.stderr
    found = records(tmp_path / RESULTS)
    assert all(record["provenance"].pop("job").isdigit() for record in found.values())
    assert not differences(found, undisturbed)
    await_jobs(slurm, 60)
