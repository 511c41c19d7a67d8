"""The list of built-in plugins in pyproject.toml and the files under plugins/ are one and the same."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import blurbench
from blurbench.contract import hooks as hookspecs
from blurbench.contract.references import KINDS
from blurbench.registry import Registry

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
POINTS = PROJECT["entry-points"]["blurbench"]


def file_of(module: str) -> Path:
    path = ROOT / "plugins" / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def test_every_line_of_the_menu_is_a_file_with_a_hook() -> None:
    for module in POINTS.values():
        assert "@hookimpl" in file_of(module).read_text(), module


def test_every_file_with_a_hook_is_a_line_of_the_menu() -> None:
    files = {path for path in (ROOT / "plugins").glob("blurbench_*/**/*.py") if "@hookimpl" in path.read_text()}
    assert files == {file_of(module) for module in POINTS.values()}


def test_a_line_is_named_after_its_kind_and_plugin(registry: Registry) -> None:
    singular = {"strategy": "strategies"}
    for point, module in POINTS.items():
        kind, _, name = point.partition("-")
        if point == "suites":
            continue
        assert name in registry.entries[singular.get(kind, f"{kind}s")], point
        assert module.endswith(name.replace("-", "_"))


def test_every_toml_file_beside_the_suites_is_a_suite(registry: Registry) -> None:
    files = {path.stem: path for path in (ROOT / "plugins" / "blurbench_suites").glob("*.toml")}
    assert {name: entry.target for name, entry in registry.entries["suites"].items()} == files
    assert len(files) >= 9


def test_all_built_ins_load_without_a_problem(registry: Registry) -> None:
    assert registry.problems == []


HEAVY = ("torch", "torchvision", "timm", "sklearn", "skimage", "numpy", "pandas", "matplotlib")


@pytest.mark.parametrize("module", HEAVY)
def test_looking_at_the_menu_imports_nothing_heavy(module: str) -> None:
    code = "import sys, blurbench.cli.app; from blurbench.registry.discovery import discover; discover()"
    code += f"; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


PEERS = {
    "benchmarks.timing.peers.opencv": "cv2",
    "benchmarks.timing.peers.kornia": "kornia",
    "benchmarks.timing.peers.deepinv": "deepinv",
}
"""Modules for other libraries to be timed beside, which are an extra."""


def test_every_module_exports_what_it_says() -> None:
    for path in [*(ROOT / "blurbench").rglob("*.py"), *(ROOT / "benchmarks" / "timing").rglob("*.py")]:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if PEERS.get(name) and not find_spec(PEERS[name]):
            continue
        module = __import__(name, fromlist=["_"])
        for exported in getattr(module, "__all__", ()):
            assert hasattr(module, exported), f"{name}.{exported}"


def test_blurbench_itself_exports_the_hook_marker_and_its_version() -> None:
    assert {"__version__", "hookimpl"} <= set(blurbench.__all__)
    assert blurbench.__version__ == PROJECT["version"]
    assert not hasattr(blurbench, "versions")


def test_every_kind_has_a_documented_hook_and_every_hook_a_kind() -> None:
    hooks = {name: value for name, value in vars(hookspecs).items() if name.startswith("register_")}
    assert {name.removeprefix("register_") for name in hooks} == {*KINDS, "suites"}
    assert all(hook.__doc__ for hook in hooks.values())
