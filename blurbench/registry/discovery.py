"""Finds the installed plugins through their entry points and fills the registry. In a checkout that is not installed
the built-in ones are those of its pyproject.toml.

A plugin that cannot be imported, misspells a hook, or clashes with another is left out with one clear line in
`Registry.problems`; everything else goes on.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Any

import pluggy

from blurbench import checkout
from blurbench.contract import hooks
from blurbench.errors import PluginError, did_you_mean, shortened
from blurbench.registry.registry import Registration, Registry

__all__ = ["discover", "fill"]

HOOKS = {f"register_{kind}": kind for kind in Registry().entries}


@cache
def discover() -> Registry:
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


def fill(registry: Registry, module: Any, name: str, package: str, version: str) -> None:
    """Run the hooks of one plugin module."""
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
            getattr(manager.hook, hook)(register=_registrar(registry, kind, package, version))
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


def _registrar(registry: Registry, kind: str, package: str, version: str) -> Callable[[str, Any], None]:
    def register(name: str, target: Any) -> None:
        try:
            registry.add(Registration(kind, name, Path(target) if kind == "suites" else target, package, version))
        except PluginError as error:
            registry.problems.append(shortened(str(error), 1000))

    return register
