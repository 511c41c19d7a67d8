"""What several test modules share: the registry, and running the real command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from blurbench.registry import Registry
from blurbench.registry.discovery import discover

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests share the cores, and a fit's last digits depend on the number

THIRD_PARTY = Path(__file__).parent / "third_party"

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return discover()


@pytest.fixture
def blurbench(tmp_path: Path) -> Command:
    """Run `blurbench ARGUMENTS` in `tmp_path`; keyword arguments become environment variables."""

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


def _installed(name: str, target: Path) -> Path:
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
    return target


@pytest.fixture(scope="session")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH that holds blurbench-box."""
    return _installed("blurbench-box", tmp_path_factory.mktemp("box"))


@pytest.fixture(scope="session")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH that holds blurbench-trouble."""
    return _installed("blurbench-trouble", tmp_path_factory.mktemp("trouble"))


@pytest.fixture(scope="session")
def smoked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder in which the smoke suite has run. Copy it before you change anything in it."""
    folder = tmp_path_factory.mktemp("smoked")
    command = [sys.executable, "-c", "from blurbench.cli import main; main()", "run", "--suite", "smoke"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=240)
    return folder / "blurbench-results"


@pytest.fixture(scope="session")
def estimated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder in which estimators have read two texts. Copy it before you change anything in it."""
    folder = tmp_path_factory.mktemp("estimated")
    suite = ("--suite", "kernel-estimation", "--dataset", "text", "--test-blur", "ramp", "--test-blur")
    estimators = ("constant", "laplacian-variance", "constant[sigma=2]")
    chosen = [word for name in estimators for word in ("--estimator", name)]
    subprocess.run(
        [
            *(sys.executable, "-c", "from blurbench.cli import main; main()", "run", "-j", "1"),
            *(*suite, "gaussian[sigma=2]", *chosen),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=240,
    )
    return folder / "blurbench-results"
