"""A table of parameters becomes a plugin object, or is refused in one clear line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from blurbench.contract.references import Resolver
from blurbench.errors import BlurbenchError, UnknownName, UsageError, shortened

__all__ = ["adapters_of", "construct", "default_of", "is_required"]


@cache
def adapters_of(cls: type) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(cls, include_extras=True)
    return {item.name: TypeAdapter(hints[item.name]) for item in fields(cls) if item.init}


def construct(registry: Resolver, what: str, cls: type, table: Mapping[str, Any]) -> Any:
    adapters = adapters_of(cls)
    for key in table:
        if key not in adapters:
            raise UnknownName(f"parameter of {what}:", key, adapters)
    try:
        plugin = cls(**_values(registry, what, cls, table))
    except BlurbenchError:
        raise
    except ValueError as error:
        raise UsageError(f"{what}: {shortened(str(error))}") from None
    except Exception as error:  # whatever a stranger's class raises while it is made
        raise UsageError(f"{what} cannot be made: {type(error).__name__}: {shortened(str(error))}") from None
    try:
        hash(plugin)
    except TypeError as error:
        reason = shortened(str(error))
        raise UsageError(
            f"{what}: its parameters must be hashable (tuples instead of lists, no dicts): {reason}"
        ) from None
    return plugin


def _values(registry: Resolver, what: str, cls: type, table: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters, validated."""
    adapters, values = adapters_of(cls), {}
    for item in fields(cls):
        if item.name in table:
            values[item.name] = _validate(registry, f"{what}: {item.name}", adapters[item.name], table[item.name])
        elif is_required(item):
            raise UsageError(f"{what} needs the parameter {item.name!r}")
        elif item.init:  # validated too: equal plugins must have equal keys, however they were written
            values[item.name] = _validate(registry, f"{what}: {item.name}", adapters[item.name], default_of(item))
    return values


_TELLING = ("plugin", "out_of_range", "value_error")


def _validate(registry: Resolver, where: str, adapter: TypeAdapter[Any], value: Any) -> Any:
    try:
        return adapter.validate_python(_tuples(value), context={"registry": registry})
    except ValidationError as error:
        # A union reports on each of its members; the member that looked inside the value says the most.
        problems = error.errors(include_url=False)
        problem = next((item for item in problems if item["type"] in _TELLING), problems[0])
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "missing":
            message = "too few values"
        is_named = problem["type"] == "plugin" or message.endswith(f"not {_shown(value)}")
        got = "" if is_named else f" (got {_shown(value)})"
        if problem["type"] in ("string_type", "path_type") and isinstance(value, int | float):
            got += "; in quotes it is one"
        message = message[0].lower() + message[1:]
        if problem["type"] not in _TELLING:
            message = message.replace("tuple", "list")  # which is what the user wrote
        raise UsageError(f"{where}: {message}{got}") from None


def _shown(value: Any) -> str:
    return shortened(json.dumps(value, default=str), 80)


def _tuples(value: Any) -> Any:
    """Lists from TOML and JSON become tuples, here and nowhere else."""
    if isinstance(value, list | tuple):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value


def default_of(item: Field[Any]) -> Any:
    return item.default_factory() if item.default_factory is not MISSING else item.default


def is_required(item: Field[Any]) -> bool:
    return item.default is MISSING and item.default_factory is MISSING
