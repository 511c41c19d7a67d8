"""What several test modules share: the registry, running the real command in a process of its own, and its results."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

from blurbench.registry import Registry
from blurbench.registry.discovery import discover, files_in_use, use_only
from tests.forked import command
from tests.running.tiny import RESULTS, records, write_suite

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests share the cores, and a fit's last digits depend on the number

THIRD_PARTY = Path(__file__).parent / "third_party"

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return discover()


@pytest.fixture
def plugins_of_before() -> Iterator[None]:
    """Files of plugins in use as they were, afterwards."""
    before = files_in_use()
    yield
    use_only(before)


@pytest.fixture
def blurbench(tmp_path: Path) -> Command:
    """Run `blurbench ARGUMENTS` in `tmp_path`; keyword arguments become environment variables."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return command(arguments, tmp_path, {**os.environ, **environment})

    return run


@pytest.fixture
def fresh(tmp_path: Path) -> Command:
    """The same in a new Python, where what is imported when matters."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from blurbench.cli import main; main()", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that the first of the processes that share the tests makes, for all of them to read."""
    base = factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, made = root / name, root / f"{name}.made"
    with FileLock(root / f"{name}.lock"):
        if not made.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed
            folder.mkdir()
            make(folder)
            made.touch()
    return folder


def _installed(name: str, target: Path) -> None:
    """Install a package of tests/third_party as anyone would, into a folder of its own."""
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--target", str(target), str(THIRD_PARTY / name)),
        ],
        check=True,
        capture_output=True,
        timeout=240,
    )


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH that holds blurbench-box."""
    return shared(tmp_path_factory, "box", lambda folder: _installed("blurbench-box", folder))


@pytest.fixture(scope="session")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH that holds blurbench-trouble."""
    return shared(tmp_path_factory, "trouble", lambda folder: _installed("blurbench-trouble", folder))


@pytest.fixture(scope="session")
def smoked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder in which the smoke suite has run. Copy it before you change anything in it."""
    return shared(tmp_path_factory, "smoked", lambda folder: _run(folder, "smoke")) / "blurbench-results"


@pytest.fixture(scope="session")
def estimated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder in which estimators have read two texts. Copy it before you change anything in it."""
    blurs = ("--test-blur", "ramp", "--test-blur", "gaussian[sigma=2]")
    estimators = ("constant", "laplacian-variance", "constant[sigma=2]")
    chosen = ("--dataset", "text", *blurs, *(word for name in estimators for word in ("--estimator", name)))
    folder = shared(tmp_path_factory, "estimated", lambda folder: _run(folder, "kernel-estimation", *chosen))
    return folder / "blurbench-results"


def _run(folder: Path, suite: str, *chosen: str) -> None:
    command(["run", "--suite", suite, "-j", "0", *chosen], folder, os.environ).check_returncode()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The records of a run that nothing happened to."""

    def run(folder: Path) -> None:
        command(["run", "--suite", str(write_suite(folder)), "-j", "0"], folder, os.environ).check_returncode()

    return records(shared(tmp_path_factory, "undisturbed", run) / RESULTS)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of photographs, half of them out of focus, with one folder a class. Copy what you change."""
    from tests.own.camera import write_photographs

    return shared(tmp_path_factory, "photographs", write_photographs)


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small network trained on such, as an expression."""
    from tests.own.camera import write_network

    folder = shared(tmp_path_factory, "network", write_network)
    return f"checkpoint[network='{folder}/net.py:build', weights='{folder}/net.pt']"


@pytest.fixture(scope="session")
def face() -> NDArray[np.uint8]:
    """A part of skimage's astronaut, (160, 160, 3), with texture everywhere but in a corner."""
    from skimage import data

    part: NDArray[np.uint8] = data.astronaut()[20:180, 160:320]
    return part
