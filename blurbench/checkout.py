"""The checkout that blurbench runs out of, where it was not installed: what pyproject.toml says stands in for it.

Nothing but the standard library is imported, so that it can be said which packages are missing.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["SOURCE", "entry_points", "own_version", "unmet"]

SOURCE = Path(__file__).parents[1]
"""The folder that `blurbench` lies in: a checkout, or where packages are installed."""


def own_version() -> str:
    """The version that is installed, or else the one of the checkout. Raises PackageNotFoundError without either."""
    try:
        return version("blurbench")
    except PackageNotFoundError:
        if "version" not in _project():
            raise
        return str(_project()["version"])


def entry_points() -> list[EntryPoint]:
    """The built-in plugins of the checkout, which can be imported from now on; none where there is no checkout."""
    points = _project().get("entry-points", {}).get("blurbench", {})
    plugins = str(SOURCE / "plugins")
    if points and plugins not in sys.path:
        sys.path.append(plugins)
    return [EntryPoint(name, module, "blurbench") for name, module in points.items()]


def unmet() -> list[str]:
    """The requirements of the checkout that this Python does not meet, as pip takes them: `mlxtend>=0.23`."""
    return [requirement for requirement in _project().get("dependencies", []) if not _is_met(requirement)]


@cache
def _project() -> Mapping[str, Any]:
    """The table of that name in pyproject.toml, empty where that is not blurbench's."""
    try:
        project = tomllib.loads((SOURCE / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return {}
    return project if project.get("name") == "blurbench" else {}


def _is_met(requirement: str) -> bool:
    name, _, least = requirement.partition(">=")
    try:
        return _numbers(version(name)) >= _numbers(least)
    except PackageNotFoundError:
        return False


def _numbers(text: str) -> list[int]:
    """Of a version, as far as they compare: `2.11.0+cu130` is 2, 11, 0."""
    return [int(number) for number in re.findall(r"\d+", re.split(r"[+a-z]", text)[0])]
