"""From plugin objects back to names: as JSON for keys and records, and as the expression that people read."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from blurbench.contract.plugin import Plugin
from blurbench.parameters import Choice, Range
from blurbench.registry.registry import Registry
from blurbench.registry.validation import default_of

__all__ = ["label", "config"]


def config(registry: Registry, plugin: Plugin) -> dict[str, Any]:
    """The plugin as JSON: its name, its revision and every parameter. `Registry.resolve` turns it back."""
    given = [item.name for item in fields(plugin) if item.init]  # type: ignore[arg-type]
    values = {name: _json(registry, getattr(plugin, name)) for name in given}
    return {"name": registry.name_of(plugin), "revision": plugin.revision, **values}


def _json(registry: Registry, value: Any) -> Any:
    if isinstance(value, Plugin):
        return config(registry, value)
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _json(registry, getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, tuple | list):
        return [_json(registry, item) for item in value]
    return value


def label(registry: Registry, plugin: Plugin) -> str:
    """The shortest expression that gives this plugin: `gaussian[sigma=2]`."""
    shown = []
    for item in fields(plugin):  # type: ignore[arg-type]
        value = getattr(plugin, item.name)
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
        case float():
            return _number(value)
        case tuple():
            return f"[{', '.join(_text(registry, item) for item in value)}]"
        case Range(low=low, high=high):
            return f"{{low={_number(low)}, high={_number(high)}}}"
        case Choice(choice=choice):
            return f"{{choice=[{', '.join(map(_number, choice))}]}}"
        case _:
            return str(value)


def _number(value: float) -> str:
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
