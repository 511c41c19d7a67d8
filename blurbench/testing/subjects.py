"""Which plugins are meant: a class, an object, `kind:expression`, an installed package, a module, a file."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from itertools import chain, count
from pathlib import Path
from types import ModuleType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from blurbench.contract import Deconvolver, Plugin
from blurbench.errors import PluginError, UnknownName, UsageError
from blurbench.parameters import limits_of
from blurbench.registry import Registration, Registry, parse
from blurbench.registry.discovery import discover, fill, fill_from
from blurbench.registry.plugin_files import PluginFile, kebab, kind_of_class
from blurbench.registry.registry import singular
from blurbench.registry.validation import is_required
from blurbench.testing.samples import SAMPLES, with_samples

__all__ = ["Subject", "named", "subject_of"]

NUMBERS = (3, 2, 1, 5, 8, 16, 32)
"""Tried one after the other for parameters without a default."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A plugin to be checked: its line in a registry, and the parameters that it is checked with."""

    registry: Registry
    entry: Registration
    table: Mapping[str, Any]
    is_installed: bool = True
    """False for a class that was handed over by itself."""

    @property
    def expression(self) -> str:
        return f"{self.entry.kind}:{self.entry.name}"

    def plugin(self) -> Any:
        """The plugin object, with values found for parameters that have no default. Raises UsageError."""
        if isinstance(self.entry.target, Path):
            return self.entry.target
        problem: Exception | None = None
        for number in NUMBERS:
            values = _required(self.registry, self.entry.target, self.table, number)
            try:
                return self.registry.resolve(self.entry.kind, {"name": self.entry.name, **values, **self.table})
            except UsageError as error:  # 'side must be odd': the next number may do
                problem = problem or error
        assert problem is not None
        raise problem


def subject_of(given: str | type[Plugin] | Plugin, registry: Registry | None = None) -> Subject:
    """The subject that a class, an object or `kind:expression` names. Raises UsageError."""
    registry = with_samples(registry or discover())
    if isinstance(given, str):
        kind, colon, expression = given.partition(":")
        if not colon:
            raise UsageError(f"{given!r}: give kind:name, such as blurs:{given}, or a class")
        table = parse(expression)
        return Subject(registry, registry.get(_kind(registry, kind), str(table.pop("name"))), table)
    cls = given if isinstance(given, type) else type(given)
    entry, is_installed = _entry(registry, cls)
    table = {} if isinstance(given, type) else {item.name: getattr(given, item.name) for item in fields(given)}  # type: ignore[arg-type]
    return Subject(registry, entry, table, is_installed)


def _kind(registry: Registry, name: str) -> str:
    kinds = {called: kind for kind in registry.entries for called in (kind, singular(kind))}
    if name not in kinds:
        raise UnknownName("kind of plugin", name, kinds)
    return kinds[name]


def _entry(registry: Registry, cls: type) -> tuple[Registration, bool]:
    kind = kind_of_class(cls)
    if kind is None:
        raise UsageError(f"{cls.__name__} derives from no class of blurbench.contract")
    for entry in registry.entries[kind].values():
        if entry.target is cls:
            return entry, True
    name = kebab(cls.__name__)
    numbered = chain([name], (f"{name}-{number}" for number in count(2)))
    free = next(one for one in numbered if one not in registry.entries[kind])
    entry = Registration(kind, free, cls, cls.__module__, "unregistered")
    registry.add(entry)
    return entry, False


# --- packages, modules, files --------------------------------------------------------------------------------------


def named(text: str, registry: Registry | None = None) -> tuple[list[Subject], list[str]]:
    """The plugins of an installed package, a module, a file or `kind:expression`, and what kept others from being
    loaded. Raises UsageError where there is none."""
    registry = registry or discover()
    if text.endswith(".py") and Path(text).is_file():
        file = PluginFile.at(Path(text))
        if in_use := [entry for entry in registry if entry.source == file.digest]:
            known = with_samples(registry)
            return [Subject(known, entry, {}) for entry in in_use], []
        return _added(registry, lambda known: fill_from(known, file))
    if ":" in text:
        return [subject_of(text, registry)], []
    entries = [entry for entry in registry if _belongs(entry, text)]
    problems = [one for one in registry.problems if f" of {text} " in one or f" from {text} " in one]
    if entries or problems:
        known = with_samples(registry)
        return [Subject(known, entry, {}) for entry in entries], problems
    module = _imported(registry, text)
    return _added(registry, lambda known: fill(known, module, Path(text).stem, text, "(not installed)"))


def _belongs(entry: Registration, text: str) -> bool:
    module = "" if isinstance(entry.target, Path) else entry.target.__module__
    return text == entry.package or module == text or module.startswith(f"{text}.")


def _imported(registry: Registry, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and not name.startswith(error.name):
            raise PluginError(f"{name} cannot be imported: {error}") from None
        packages = {entry.package for entry in registry}
        raise UnknownName("package, module, file or kind:name", name, packages) from None


def _added(registry: Registry, register: Callable[[Registry], None]) -> tuple[list[Subject], list[str]]:
    """The plugins that are registered beside those that are installed, and what kept others from being loaded."""
    known = with_samples(registry)
    before, problems = set(known), len(known.problems)
    register(known)
    return [Subject(known, entry, {}) for entry in known if entry not in before], known.problems[problems:]


# --- values for parameters without a default -----------------------------------------------------------------------


def _required(registry: Registry, cls: type, table: Mapping[str, Any], number: int) -> dict[str, Any]:
    hints = get_type_hints(cls, include_extras=True)
    lacking = [item.name for item in fields(cls) if item.init and is_required(item) and item.name not in table]
    return {name: _value(registry, cls, name, hints[name], number) for name in lacking}


def _value(registry: Registry, cls: type, name: str, hint: Any, number: int) -> Any:
    """A value that fits a parameter's type."""
    limits = limits_of(hint)
    hint = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    options = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    if get_origin(hint) is Literal:
        return get_args(hint)[0]
    if get_origin(hint) is tuple:
        return tuple(_value(registry, cls, name, one, number) for one in get_args(hint) if one is not ...)
    if plugins := [one for one in options if isinstance(one, type) and issubclass(one, Plugin)]:
        return _sample(registry, plugins[0])
    if bool in options:
        return False
    if int in options or float in options:
        low, high = (limits.low, limits.high) if limits else (number, number)
        kept = min(max(number, low), high)
        return int(kept) if int in options else float(kept)
    raise UsageError(f"no value is known for {name!r} of {cls.__name__}: name it, as in kind:name[{name}=...]")


def _sample(registry: Registry, wanted: type[Plugin]) -> Any:
    for kind, cls in SAMPLES.items():
        if issubclass(cls, wanted):
            return registry.resolve(kind, f"sample-{kind}")
    for name, entry in registry.entries["restorers"].items():  # there is no sample of a deconvolver
        if isinstance(entry.target, type) and issubclass(entry.target, Deconvolver):
            return registry.resolve("restorers", name)
    raise UsageError(f"no installed plugin is a {wanted.__name__}")
