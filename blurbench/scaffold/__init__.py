"""A new plugin package: one small plugin that works, its tests, a CI file, and what is needed to install it."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Literal, TypeAlias, get_args

from blurbench.errors import UsageError
from blurbench.registry.discovery import discover

__all__ = ["Kind", "package_files", "write_package"]

Kind: TypeAlias = Literal["blur", "restorer", "classifier", "strategy", "estimator", "dataset", "metric"]

TEMPLATES = Path(__file__).parent / "templates"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def write_package(name: str, kind: Kind, folder: Path | None = None) -> list[Path]:
    """Write the package `blurbench-NAME` into `folder` (default: a folder of that name here); the files written.

    Raises UsageError, with nothing written, for a name that cannot be used, and where one of the files exists.
    """
    folder = Path(f"blurbench-{_plain(name)}") if folder is None else folder
    files = {folder / path: text for path, text in package_files(name, kind).items()}
    if existing := [path for path in files if path.exists()]:
        raise UsageError(f"{existing[0]} exists already, so nothing was written: choose another name or --dir")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def package_files(name: str, kind: Kind) -> dict[str, str]:
    """The files of a package, by their path inside it. Raises UsageError for a name that cannot be used."""
    name = _plain(name)
    _check(name, kind)
    module = f"blurbench_{name.replace('-', '_')}"
    kinds = "strategies" if kind == "strategy" else f"{kind}s"
    values = {
        "name": name,
        "package": f"blurbench-{name}",
        "module": module,
        "cls": "".join(word.capitalize() for word in name.split("-")),
        "kind": kind,
        "kinds": kinds,
    }
    paths = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        f"{module}.py": f"{kind}.py",
        f"tests/test_{name.replace('-', '_')}.py": f"test_{kind}.py",
        ".github/workflows/ci.yml": "ci.yml",
    }
    return {
        path: Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(values)
        for path, template in paths.items()
    }


def _plain(name: str) -> str:
    return name.removeprefix("blurbench-")


def _check(name: str, kind: Kind) -> None:
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r}: names are lower-case words joined by hyphens, such as hand-shake")
    if kind not in get_args(Kind):
        raise UsageError(f"{kind!r} is no kind of plugin: choose {', '.join(get_args(Kind))}")
    kinds = "strategies" if kind == "strategy" else f"{kind}s"
    if (known := discover().entries[kinds].get(name)) is not None:
        raise UsageError(f"{known.package} gives the {kind} {name!r} already: choose another name")
