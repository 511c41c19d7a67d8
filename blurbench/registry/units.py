"""The units of a plugin's parameters, read off its fields' limits."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from blurbench.contract import Plugin
from blurbench.parameters import limits_of

__all__ = ["units"]


def units(plugin: Plugin) -> dict[str, str]:
    """By parameter, as a path into its spec: `{"sigma": "pixels"}`, `{"steps.0.sigma": "pixels"}` for a chain."""
    return dict(_units(plugin, ""))


def _units(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from _units(item, f"{path}{place}.")
    elif isinstance(value, Plugin):
        hints = typing.get_type_hints(type(value), include_extras=True)
        for item in fields(value):  # type: ignore[arg-type]
            name = f"{path}{item.name}"
            if (limits := limits_of(hints[item.name])) and limits.unit:
                yield name, limits.unit
            yield from _units(getattr(value, item.name), f"{name}.")
