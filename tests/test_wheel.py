"""What is installed: the wheel, built and unpacked."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's files, as they are installed."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (packed,) = folder.glob("*.whl")
    with ZipFile(packed) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def test_the_wheel_holds_the_framework_its_plugins_and_their_guide_and_nothing_else(wheel: Path) -> None:
    packages = {path.name for path in (ROOT / "plugins").glob("blurbench_*")}
    assert {path.name for path in wheel.iterdir()} == {"blurbench", *packages, "blurbench-0.1.0.dist-info"}
    assert all((wheel / name / "py.typed").is_file() for name in ("blurbench", *packages))
    assert (wheel / "blurbench" / "guide.md").read_text() == (ROOT / "plugins" / "README.md").read_text()
    assert not (wheel / "blurbench" / "timing").exists()


def test_packages_of_their_own_are_in_neither_the_wheel_nor_the_source_archive(wheel: Path, tmp_path: Path) -> None:
    assert not list(wheel.rglob("*spandrel*"))
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (packed,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        names = archive.getnames()
    assert "blurbench-0.1.0/plugins/README.md" in names
    assert not [name for name in names if "plugins/packages" in name]


def test_every_entry_point_of_the_wheel_is_in_it(wheel: Path) -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["blurbench"]
    for module in points.values():
        path = wheel / module.replace(".", "/")
        assert path.with_suffix(".py").is_file() or (path / "__init__.py").is_file(), module
    assert (wheel / "blurbench_papers" / "anchors.csv").is_file()
    assert len(list((wheel / "blurbench_suites").glob("*.toml"))) >= 9


def test_tools_that_only_developers_need_come_with_the_extras_alone(wheel: Path) -> None:
    needed = Parser().parsestr((wheel / "blurbench-0.1.0.dist-info" / "METADATA").read_text()).get_all("Requires-Dist")
    assert needed is not None
    assert [line for line in needed if "pytest" in line] == [
        line for line in needed if "pytest" in line and "extra" in line
    ]


def test_installed_time_says_in_one_line_where_it_can_be_had(wheel: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    command = [sys.executable, "-P", "-m", "blurbench", "time", "--quick"]
    result = subprocess.run(command, cwd=wheel, env=environment, capture_output=True, timeout=60, check=False)
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("blurbench: the benchmarks are not installed: `blurbench time` runs in a checkout")
    assert result.returncode == 1
