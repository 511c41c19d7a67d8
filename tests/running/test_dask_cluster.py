"""What `--dask` names, and what is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from blurbench.errors import UsageError
from blurbench.running import dask_cluster
from blurbench.running.dask_cluster import ClusterFile, DaskPlace, connected
from tests.conftest import Command

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("cluster: LocalCluster\nworkers: none\n", "workers: input should be a valid integer"),
        ("cluster: SlurmCluster\n", "cluster: input should be 'LocalCluster', 'SLURMCluster', 'PBSCluster' or"),
        ("cluster: LocalCluster\nworker: 2\n", "unknown key in .*: 'worker'; did you mean 'workers'"),
        (
            "cluster: SSHCluster\nworkers: 2\n",
            "an SSHCluster has one worker for each of its hosts; leave `workers` out",
        ),
        ("- LocalCluster\n", "it has no `cluster: LocalCluster`, or another of"),
        ("cluster: [\n", "while parsing a flow node"),
        ("cluster: PBSCluster\n", "PBSCluster hands its jobs to qsub, which is not on this machine"),
    ],
)
def test_a_wrong_cluster_file_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, says: str
) -> None:
    monkeypatch.setenv("PATH", "")
    (tmp_path / "cluster.yaml").write_text(content)
    with pytest.raises(UsageError, match=says):
        DaskPlace.of(str(tmp_path / "cluster.yaml"))


def test_options_that_a_cluster_does_not_take_are_one_line() -> None:
    place = DaskPlace("cluster.yaml", ClusterFile(cluster="LocalCluster", options={"n_worker": 2}))
    with pytest.raises(UsageError, match=r"^cluster.yaml: LocalCluster does not start: .*n_worker"), connected(place):
        pass


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nowhere.json", "--dask nowhere.json: there is no such file"),
        ("farm", "--dask farm: give the address of a Dask scheduler"),
    ],
)
def test_what_names_no_scheduler_is_one_line(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        DaskPlace.of(text)


def test_an_address_at_which_nothing_answers_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 0.3)
    nobody = DaskPlace.of("tcp://127.0.0.1:9")
    with pytest.raises(UsageError, match="no Dask scheduler answers there"), connected(nobody):
        pass


def test_without_the_extra_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'blurbench\[dask\]'"):
        DaskPlace.of("tcp://127.0.0.1:8786")


def test_dask_is_imported_when_it_is_used_and_not_before() -> None:
    script = "import sys, blurbench.cli.app; print({'dask', 'distributed', 'yaml'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_dask_and_an_array_of_slurm_jobs_exclude_each_other(blurbench: Command) -> None:
    result = blurbench("run", "--dask", "tcp://127.0.0.1:1", "--slurm", "2")
    assert result.returncode == 2
    assert result.stderr.startswith("blurbench: --slurm N submits runs of its own")


def test_a_script_without_a_main_guard_starts_a_cluster_once(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("""
from blurbench.running.dask_cluster import ClusterFile, DaskPlace, connected

print("begun", flush=True)
options = {"dashboard_address": ":0"}
with connected(DaskPlace("cluster.yaml", ClusterFile(cluster="LocalCluster", workers=1, options=options))) as client:
    print(len(client.nthreads()), "worker")
""")
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "begun\n1 worker\n", "")
