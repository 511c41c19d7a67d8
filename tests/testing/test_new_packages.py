"""`blurbench plugin new` writes packages that install, work, and keep every promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from blurbench.errors import UsageError
from blurbench.scaffold import Kind, package_files, write_package
from tests.conftest import Command

pytestmark = pytest.mark.processes

KINDS = get_args(Kind)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package of each kind, installed into `installed` beside them as pip does it."""
    folder = tmp_path_factory.mktemp("packages")
    for kind in KINDS:
        write_package(f"my-{kind}", kind, folder / kind)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"),
            *("--target", str(folder / "installed"), *(str(folder / kind) for kind in KINDS)),
        ],
        check=True,
        capture_output=True,
        timeout=240,
    )
    return folder


def test_the_packages_are_listed(packages: Path, blurbench: Command) -> None:
    listed = blurbench("plugin", "list", PYTHONPATH=str(packages / "installed"))
    assert listed.returncode == 0, listed.stdout
    for kind in KINDS:
        assert f"blurbench-my-{kind} 0.1.0\n" in listed.stdout
        kinds = "strategies" if kind == "strategy" else f"{kind}s"
        assert f"  {kinds}: my-{kind}\n" in listed.stdout
    shown = blurbench("ls", "blurs", "-v", PYTHONPATH=str(packages / "installed")).stdout
    assert "my-blur                  psf = uniform along a straight line" in shown


def test_each_keeps_every_promise(packages: Path, blurbench: Command) -> None:
    names = [f"blurbench-my-{kind}" for kind in KINDS]
    checked = blurbench("plugin", "check", *names, PYTHONPATH=str(packages / "installed"))
    assert checked.stdout == "".join(f"{kind} 'my-{kind}': ok\n" for kind in KINDS) + "7 plugins checked, no findings\n"
    assert checked.returncode == 0


def test_their_own_tests_pass(packages: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(str(packages / kind) for kind in KINDS)],
        env={**os.environ, "PYTHONPATH": str(packages / "installed")},
        cwd=packages,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "14 passed" in result.stdout, result.stdout


def test_a_run_measures_what_was_written(packages: Path, blurbench: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nversion = 1\ntitle = "Mine"\ndatasets = ["my-dataset[side=16]"]\ntrain_blurs = ["my-blur"]\n'
        'test_blurs = ["none", "my-blur"]\n[[matrix]]\nclassifiers = ["my-classifier[width=4]"]\n'
        'strategies = ["plain", "my-strategy", "deblur-then-classify[restorer=my-restorer[width=4]]"]\n'
        "[budgets.quick]\ntrain_images = 60\ntest_images = 30\nepochs = 2\nrestorer_epochs = 2\n"
    )
    run = blurbench("run", "--suite", "mine.toml", "-j", "1", PYTHONPATH=str(packages / "installed"))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "my-strategy" in run.stdout
    assert "failed" not in run.stdout


def test_the_files_are_those_that_a_package_needs() -> None:
    assert list(package_files("blurbench-hand-shake", "blur")) == [
        "pyproject.toml",
        "README.md",
        "blurbench_hand_shake.py",
        "tests/test_hand_shake.py",
        ".github/workflows/ci.yml",
    ]
    for kind in KINDS:
        for path, text in package_files("hand-shake", kind).items():
            assert "$" not in text.replace("${{ matrix.python }}", ""), path
            assert all(len(line) <= 120 for line in text.splitlines()), path


def test_nothing_is_overwritten_and_nothing_is_half_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(UsageError, match=r"README.md exists already, so nothing was written"):
        write_package("shake", "blur", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Hand Shake", "'Hand Shake': names are lower-case words joined by hyphens"),
        ("3d", "'3d': names are lower-case words"),
        ("gaussian", "blurbench gives the blur 'gaussian' already"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        package_files(name, "blur")
