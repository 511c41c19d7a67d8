"""Finds the installed plugins through their entry points and fills the registry; adds those in files of one's own.

An installed plugin that cannot be imported, misspells a hook, or clashes with another is left out with one clear line
in `Registry.problems`; everything else goes on. A file was named by the user: what is wrong with it is an error. In
a checkout that is not installed, the built-in plugins are those of its pyproject.toml.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Any

import pluggy

from blurbench import checkout
from blurbench.contract import hooks
from blurbench.errors import PluginError, did_you_mean, shortened
from blurbench.registry.plugin_files import PluginFile
from blurbench.registry.registry import Registration, Registry

__all__ = [
    "discover",
    "files_in_use",
    "fill",
    "fill_from",
    "installed_packages",
    "use",
    "use_only",
]

HOOKS = {f"register_{kind}": kind for kind in Registry().entries}

ENVIRONMENT = "BLURBENCH_PLUGINS"
"""Files of plugins, separated as the folders in PATH are."""

_in_use: dict[Path, PluginFile] | None = None
"""The files of plugins of this process, by their paths; None until somebody asks."""


def discover() -> Registry:
    """The registry of everything that is installed, and of the files in use. Raises PluginError or UsageError where a
    file is broken."""
    files = files_in_use()
    return _with_files(files) if files else _installed()


def files_in_use() -> tuple[PluginFile, ...]:
    """The files of plugins that this process uses: those of the environment, and those that were added."""
    global _in_use
    if _in_use is None:
        named = filter(None, os.environ.get(ENVIRONMENT, "").split(os.pathsep))
        _in_use = {file.path: file for file in map(PluginFile.at, named)}
    return tuple(_in_use.values())


def use(paths: Iterable[str | Path]) -> None:
    """Use the plugins in these files, too, from now on; a file that was used already is looked at again.

    Raises PluginError or UsageError, and leaves things as they were, where a file is broken.
    """
    global _in_use
    before = {file.path: file for file in files_in_use()}
    after = before | {file.path: file for file in map(PluginFile.at, paths)}
    if after != before:
        _with_files(tuple(after.values()))
        _in_use = after


def use_only(files: Iterable[PluginFile]) -> None:
    """Use these files and no others: what a worker is told."""
    global _in_use
    _in_use = {file.path: file for file in files}


@lru_cache(maxsize=8)
def _with_files(files: tuple[PluginFile, ...]) -> Registry:
    registry = _installed().copy()
    for file in files:
        fill_from(registry, file)
    return registry


def fill_from(registry: Registry, file: PluginFile) -> None:
    """Register the plugins of a file. Raises PluginError for the first thing that is wrong with it."""
    module, known = file.load(), len(registry.problems)
    if any(hasattr(value, "blurbench_impl") for value in vars(module).values()):
        fill(registry, module, file.path.stem, file.path.name, file.version, file.digest)
        if registry.problems[known:]:
            raise PluginError(registry.problems.pop())
        return
    classes = list(file.classes())
    if not classes:
        raise PluginError(f"{file.path.name} holds no plugin: no class derived from one of blurbench.contract")
    for kind, name, cls in classes:
        registry.add(Registration(kind, name, cls, file.path.name, file.version, file.digest))


@cache
def _installed() -> Registry:
    """The registry of everything that is installed, made once a process."""
    registry = Registry()
    seen: dict[str, str] = {}
    for package, version, point in _entry_points():
        if point.name in seen:
            # pluggy would drop the second of two equal names without a word.
            registry.problems.append(
                f"plugin {point.name!r} of {package} {version} is left out: {seen[point.name]} has an entry point "
                "of the same name; rename one"
            )
            continue
        seen[point.name] = f"{package} {version}"
        try:
            module = point.load()
        except (Exception, SystemExit) as error:  # any failure in a stranger's module is that module's alone
            registry.problems.append(
                f"plugin {point.name!r} of {package} {version} cannot be imported: "
                f"{type(error).__name__}: {shortened(str(error))}"
            )
            continue
        fill(registry, module, point.name, package, version)
    return registry


def installed_packages() -> dict[str, str]:
    """The packages that plugins come from, with their versions. Imports none of them."""
    return {package: version for package, version, _ in _entry_points()}


def _entry_points() -> list[tuple[str, str, EntryPoint]]:
    """Package, its version, entry point."""
    found: dict[tuple[str, str, str], tuple[str, str, EntryPoint]] = {}
    for distribution in distributions():
        points = [point for point in distribution.entry_points if point.group == "blurbench"]
        if points:
            package, version = distribution.name, distribution.version  # each asking parses a file
            for point in points:
                # The same distribution can be found twice on the path (editable installs); the first one counts.
                found.setdefault((package, point.name, point.value), (package, version, point))
    if not any(package == "blurbench" for package, _, _ in found):
        for point in checkout.entry_points():
            found["blurbench", point.name, point.value] = ("blurbench", checkout.own_version(), point)
    # Built-ins first, so that in a clash it is the outsider that is left out, whatever the order on the path.
    return sorted(found.values(), key=lambda one: (one[0] != "blurbench", one[0], one[2].name))


def fill(registry: Registry, module: Any, name: str, package: str, version: str, source: str = "") -> None:
    """Run the hooks of one plugin module; `source` is the digest of a file that is no package's."""
    manager = pluggy.PluginManager("blurbench")
    manager.add_hookspecs(hooks)
    try:
        manager.register(module, name=name)
        _check_spelling(manager, module, name, package)
        if not manager.get_hookcallers(module):
            raise PluginError("it registers nothing; is @hookimpl missing?")
    except Exception as error:  # pluggy looks at every attribute of a stranger's module
        registry.problems.append(f"plugin {name!r} of {package} {version} is left out: {shortened(str(error))}")
        return
    for hook, kind in HOOKS.items():
        try:
            getattr(manager.hook, hook)(register=_registrar(registry, kind, package, version, source))
        except (Exception, SystemExit) as error:  # a hook that raises loses its own plugins only
            registry.problems.append(
                f"plugin {name!r} of {package} {version}: {hook} failed: "
                f"{type(error).__name__}: {shortened(str(error))}"
            )


def _check_spelling(manager: pluggy.PluginManager, module: Any, name: str, package: str) -> None:
    try:
        manager.check_pending()
    except pluggy.PluginValidationError:
        wrong = [
            function
            for function, value in inspect.getmembers(module, inspect.isfunction)
            if hasattr(value, "blurbench_impl") and function not in HOOKS
        ]
        raise PluginError(f"unknown hook {wrong[0]!r}{did_you_mean(wrong[0], HOOKS)}") from None


def _registrar(registry: Registry, kind: str, package: str, version: str, source: str) -> Callable[[str, Any], None]:
    def register(name: str, target: Any) -> None:
        place = Path(target) if kind == "suites" else target
        try:
            registry.add(Registration(kind, name, place, package, version, source))
        except PluginError as error:
            registry.problems.append(shortened(str(error), 1000))

    return register
