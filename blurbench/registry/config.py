"""From plugin objects back to names: as JSON for keys and records, and as the expression that people read."""

from __future__ import annotations

import hashlib
import math
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from blurbench.contract.plugin import Plugin
from blurbench.errors import PluginError, Unavailable
from blurbench.parameters import Choice, Range
from blurbench.registry.expressions import quoted
from blurbench.registry.registry import Registry
from blurbench.registry.validation import adapters_of, default_of

__all__ = ["config", "label"]


def config(registry: Registry, plugin: Plugin) -> dict[str, Any]:
    """The plugin as JSON: its name, its revision and every parameter. `Registry.resolve` turns it back."""
    adapters = adapters_of(type(plugin))
    values = {name: _json(registry, _coerced(adapters[name], getattr(plugin, name))) for name in adapters}
    entry = registry.entry_of(plugin)
    about: dict[str, Any] = {"name": entry.name, "revision": plugin.revision}
    if entry.source:
        about["source"] = entry.source  # it has no version that somebody raises
    if files := [_digest(path) for path in plugin.files()]:
        about["files"] = files
    return {**about, **values}


def _digest(path: Path) -> str:
    """The SHA-256 of a file's content; taken again where its size or time has changed."""
    try:
        state = path.stat()
        return _hashed(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise Unavailable(f"{path}: {error.strerror}; name a file that is there") from None


@lru_cache(maxsize=1000)
def _hashed(path: Path, size: int, time: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _coerced(adapter: TypeAdapter[Any], value: Any) -> Any:
    """A value as it would be were it given by a suite: equal plugins have one key, whoever made them. What the type
    does not allow was put there in Python, and stays."""
    try:
        return adapter.validate_python(value)
    except ValidationError:
        return value


def _json(registry: Registry, value: Any) -> Any:
    if isinstance(value, Plugin):
        return config(registry, value)
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _json(registry, getattr(value, item.name)) for item in fields(value)}
    match value:
        case Enum():
            return value.value
        case PurePath():
            return str(value)
        case float() if not math.isfinite(value):
            return str(value)  # JSON has no such numbers
        case tuple() | list():
            return [_json(registry, item) for item in value]
        case set() | frozenset():
            return sorted((_json(registry, item) for item in value), key=str)
        case dict():
            return {str(name): _json(registry, item) for name, item in value.items()}
        case float():
            return value + 0.0  # -0.0 equals 0.0, and is written otherwise
        case None | bool() | int() | str():
            return value
    raise PluginError(f"{type(value).__name__} is no type of parameter that can be written down: {value!r:.60}")


def label(registry: Registry, plugin: Plugin) -> str:
    """The shortest expression that gives this plugin: `gaussian[sigma=2]`."""
    adapters, shown = adapters_of(type(plugin)), []
    for item in fields(plugin):  # type: ignore[arg-type]
        value = getattr(plugin, item.name)
        if item.name in adapters:
            value = _coerced(adapters[item.name], value)
        default = default_of(item)
        if default is MISSING or value != default:
            shown.append(f"{item.name}={_text(registry, value)}")
    return registry.name_of(plugin) + (f"[{', '.join(shown)}]" if shown else "")


def _text(registry: Registry, value: Any) -> str:
    match value:
        case Plugin():
            return label(registry, value)
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float():
            return _number(value)
        case Enum():
            return _text(registry, value.value)
        case tuple() | list() | set() | frozenset():
            return f"[{', '.join(_text(registry, item) for item in value)}]"
        case Range(low=low, high=high):
            return f"{{low={_number(low)}, high={_number(high)}}}"
        case Choice(choice=choice):
            return f"{{choice=[{', '.join(map(_number, choice))}]}}"
        case _:
            return quoted(str(value))


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
