"""The registry of installed plugins: kinds, names, classes, and where each came from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from blurbench.contract.dataset import Dataset
from blurbench.contract.metric import TAKEN
from blurbench.contract.plugin import Plugin
from blurbench.contract.references import KINDS
from blurbench.errors import BlurbenchError, PluginError, UnknownName, UsageError, counted, shortened
from blurbench.registry.expressions import parse
from blurbench.registry.validation import adapters_of, construct, is_required

__all__ = ["Registration", "Registry", "plugins_in", "singular", "with_plugins_in"]

RESERVED = {"name", "revision", "label", "files", "source"}
"""Keys that mean something else where a plugin is written as a table."""


@dataclass(frozen=True)
class Registration:
    """One line of the registry: a plugin class (or a suite's file) and where it came from."""

    kind: str
    name: str
    target: type[Plugin] | Path
    package: str
    """The installed package, or a file's name."""
    version: str
    source: str = ""
    """The digest of the file that it is in, where that is no package's."""


@dataclass
class Registry:
    """All installed plugins, kind by kind, and what went wrong while they were looked for."""

    entries: dict[str, dict[str, Registration]] = field(
        default_factory=lambda: {kind: {} for kind in [*KINDS, "suites"]}
    )
    problems: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Registration]:
        return (entry for entries in self.entries.values() for entry in entries.values())

    def copy(self) -> Registry:
        """Another one with the same lines."""
        return Registry({kind: dict(entries) for kind, entries in self.entries.items()}, list(self.problems))

    def add(self, entry: Registration) -> None:
        """Add one line; raises PluginError for a clash or a class that breaks the contract."""
        _check(entry)
        known = self.entries[entry.kind]
        if entry.name in known:
            raise PluginError(
                f"{entry.kind} {entry.name!r} from {entry.package} {entry.version} is left out: "
                f"{known[entry.name].package} already gives that name; uninstall one or rename it"
            )
        for other in known.values():
            if other.target is entry.target:
                raise PluginError(f"{entry.kind} {entry.name!r} is left out: the same class is {other.name!r} already")
        known[entry.name] = entry

    def get(self, kind: str, name: str) -> Registration:
        """The line of that name; raises UnknownName with a suggestion."""
        if kind not in self.entries:
            raise UnknownName("kind of plugin", kind, self.entries)
        known = self.entries[kind]
        if name not in known:
            raise UnknownName(singular(kind), name, known, self._lacking())
        return known[name]

    def _lacking(self) -> str:
        """A name may be unknown because its plugin could not be loaded."""
        plugins = counted(len(self.problems), "plugin")
        return f" ({plugins} could not be loaded: see `blurbench plugin list`)" if self.problems else ""

    def resolve(self, kind: str, request: str | Mapping[str, Any]) -> Any:
        """The plugin that `request` (an expression or a table) describes. Raises UsageError in one clear line."""
        table = parse(request) if isinstance(request, str) else dict(request)
        name = table.pop("name", None)
        table.pop("revision", None)
        for digests in ("files", "source"):  # which a record states
            table.pop(digests, None)
        if not isinstance(name, str):
            raise UsageError(f"{kind}: {json.dumps(table, default=str)} has no 'name'")
        cls = self.get(kind, name).target
        assert isinstance(cls, type)
        return construct(self, f"{singular(kind)} {name!r}", cls, table)

    def find(self, kind: str, config: Mapping[str, Any]) -> Any:
        """The plugin that a record or a board describes; None where it is not installed here, or is another by now."""
        try:
            return self.resolve(kind, config)
        except BlurbenchError:
            return None

    def kind_of(self, plugin: Plugin) -> str:
        """Of which kind a plugin object is."""
        return next(kind for kind, bases in KINDS.items() if isinstance(plugin, bases))

    def name_of(self, plugin: Plugin) -> str:
        """The name under which a plugin object's class is registered."""
        return self.entry_of(plugin).name

    def entry_of(self, plugin: Plugin) -> Registration:
        """The line of a plugin object's class."""
        for entry in self.entries[self.kind_of(plugin)].values():
            if entry.target is type(plugin):
                return entry
        raise PluginError(f"{type(plugin).__module__}.{type(plugin).__name__} is not registered")

    def files_behind(self, plugin: Plugin) -> list[str]:
        """The names of the files that a plugin, and those inside it, are from; none where packages bring them."""
        entries = map(self.entry_of, with_plugins_in(plugin))
        return list(dict.fromkeys(entry.package for entry in entries if entry.source))

    def folder_dataset(self, folder: Path, side: int, classes: Path | None = None) -> Dataset:
        """The data set of a folder of pictures, by the first installed plugin that reads such folders, labelled by the
        `classes` that a file names or a folder has."""
        for entry in self.entries["datasets"].values():
            assert isinstance(entry.target, type)
            assert issubclass(entry.target, Dataset)
            if (dataset := entry.target.of_folder(folder, side, classes)) is not None:
                return dataset
        raise PluginError("no data set is installed that reads a folder of pictures")

    def identity_blur(self) -> Any:
        """The installed blur that leaves images as they are: what stands for the training blur where none is used."""
        for name, entry in self.entries["blurs"].items():
            assert isinstance(entry.target, type)
            if not any(is_required(item) for item in fields(entry.target)):  # type: ignore[arg-type]
                blur = self.resolve("blurs", name)
                if blur.is_identity:
                    return blur
        raise PluginError("no blur is installed that leaves images as they are")


def plugins_in(plugin: Plugin) -> Iterator[Plugin]:
    """The plugins among a plugin's parameters, or in lists of theirs."""
    for item in fields(plugin):  # type: ignore[arg-type]
        value = getattr(plugin, item.name)
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, Plugin):
                yield inner


def with_plugins_in(plugin: Plugin) -> Iterator[Plugin]:
    """A plugin, and all plugins inside it, however deep."""
    yield plugin
    for inner in plugins_in(plugin):
        yield from with_plugins_in(inner)


def singular(kind: str) -> str:
    """What one plugin of a kind is."""
    return "strategy" if kind == "strategies" else kind.removesuffix("s")


def _check(entry: Registration) -> None:
    where = f"{entry.kind} {entry.name!r} from {entry.package} {entry.version} is left out: "
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name):
        raise PluginError(where + "names are lower-case words joined by hyphens")
    if entry.kind == "metrics" and entry.name in TAKEN:
        raise PluginError(where + "boards have a column of that name already")
    if entry.kind == "suites":
        if not isinstance(entry.target, Path) or not entry.target.is_file():
            raise PluginError(where + f"{entry.target} is not a file")
        return
    cls = entry.target
    bases = KINDS[entry.kind]
    if not (isinstance(cls, type) and issubclass(cls, bases)):
        raise PluginError(where + f"it must be a class derived from {' or '.join(base.__name__ for base in bases)}")
    if not (is_dataclass(cls) and cls.__dataclass_params__.frozen):  # type: ignore[attr-defined]
        raise PluginError(where + "it must be decorated with @dataclass(frozen=True)")
    try:
        adapters_of(cls)
    except Exception as error:  # whatever typing or pydantic think of a stranger's annotation
        raise PluginError(where + f"its parameters' types cannot be understood: {shortened(str(error))}") from None
    taken = {item.name for item in fields(cls)} & RESERVED
    if taken:
        raise PluginError(where + f"a parameter cannot be called {' or '.join(sorted(taken))}")
    if cls.__abstractmethods__:
        raise PluginError(where + f"it does not define {', '.join(sorted(cls.__abstractmethods__))}")
