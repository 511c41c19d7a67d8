"""A checkout that nobody installed works as an installed blurbench does, if the packages are there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OWN = ("blurbench", "_blurbench", "__editable__")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this Python has installed, without blurbench: links in a folder of their own."""
    folder = tmp_path_factory.mktemp("bare")
    for place in (Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")):
        for installed in place.iterdir():
            if not installed.name.startswith(OWN) and not (folder / installed.name).exists():
                (folder / installed.name).symlink_to(installed)
    return folder


def run(bare: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In the checkout, with nothing but what `bare` has: no site-packages, no .pth file."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "blurbench", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(bare), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_every_built_in_plugin_is_found_without_an_installation(bare: Path) -> None:
    from blurbench.registry.discovery import discover

    says = "from blurbench.registry.discovery import discover as d; r = d(); print(r.problems); "
    says += "print(sum(map(len, r.entries.values()))); import blurbench; print(blurbench.__version__)"
    command = [sys.executable, "-S", "-c", says]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(bare)))}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    problems, count, version = result.stdout.splitlines()
    assert problems == "[]"
    here = [e for kind in discover().entries.values() for e in kind.values() if e.package == "blurbench"]
    assert int(count) >= len(here) > 80
    assert version == here[0].version


def test_the_version_is_told_by_the_bare_checkout(bare: Path) -> None:
    assert run(bare, "--version").stdout.startswith("blurbench 0.")


def test_a_missing_package_is_one_line_that_names_all_that_are_to_be_carried(bare: Path, tmp_path: Path) -> None:
    poorer = tmp_path / "poorer"
    poorer.mkdir()
    for link in bare.iterdir():
        if not link.name.lower().startswith(("pydantic", "mlxtend")):
            (poorer / link.name).symlink_to(link)
    result = run(poorer, "ls")
    assert result.returncode == 1
    line = "blurbench: pydantic is not installed here; install, or carry as wheels: mlxtend>=0.23, pydantic>=2.7"
    assert result.stderr.strip() == line
