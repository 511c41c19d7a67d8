"""`blurbench ls`: the plugins of a kind."""

from __future__ import annotations

import json
import sys
import typing
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from blurbench.cli import options
from blurbench.cli.parameter_notes import parameter_notes
from blurbench.contract import Classifier, Dataset, Paper, Plugin, Restorer, Shape
from blurbench.errors import UnknownName
from blurbench.matrix.suite import load
from blurbench.parameters import limits_of
from blurbench.registry import Registration, Registry
from blurbench.registry.discovery import discover
from blurbench.registry.validation import default_of, is_required

__all__ = ["ls"]


@options.with_plugins
def ls(
    kind: Annotated[
        str | None,
        typer.Argument(help=f"{', '.join(Registry().entries)} [all kinds, with the number of plugins of each]"),
    ] = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Parameters, papers, origins, sizes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:
    """List the plugins of one kind."""
    registry = discover()
    if kind is None:
        _kinds(registry, as_json)
        return
    if kind not in registry.entries:
        raise UnknownName("kind", kind, registry.entries)
    entries = [entry for _, entry in sorted(registry.entries[kind].items())]
    if as_json:
        typer.echo(json.dumps([_facts(registry, entry) for entry in entries], indent=2, default=str))
        return
    for entry in entries:
        typer.echo(f"{entry.name:24} {_summary(registry, entry)}")
        if verbose:
            _details(_facts(registry, entry))


def _kinds(registry: Registry, as_json: bool) -> None:
    counts = {kind: len(entries) for kind, entries in registry.entries.items()}
    lines = [f"{kind:24} {count}" for kind, count in counts.items()]
    typer.echo(json.dumps(counts, indent=2) if as_json else "\n".join(lines))


def _summary(registry: Registry, entry: Registration) -> str:
    """What a plugin is: the first paragraph of its module, or of its class where others share the module or the module
    says nothing; a suite's title."""
    if isinstance(entry.target, Path):
        return load(entry.target).title
    module = _module(entry)
    alone = [one for one in registry if _module(one) == module] == [entry]
    return (_paragraph(module) if alone else "") or _note(entry)


def _module(entry: Registration) -> Any:
    return None if isinstance(entry.target, Path) else sys.modules[entry.target.__module__]


def _note(entry: Registration) -> str:
    """The first paragraph of a plugin's class, if that is more than what dataclass writes where there is none."""
    if isinstance(entry.target, Path) or (entry.target.__doc__ or "").startswith(f"{entry.target.__name__}("):
        return ""
    return _paragraph(entry.target)


def _paragraph(documented: Any) -> str:
    return " ".join((documented.__doc__ or "").strip().split("\n\n")[0].split())


def _facts(registry: Registry, entry: Registration) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": entry.name,
        "summary": _summary(registry, entry),
        "package": entry.package,
        "version": entry.version,
    }
    if isinstance(entry.target, Path):
        suite = load(entry.target)
        return {**facts, "suite_version": suite.version, "budgets": list(suite.budgets), "file": str(entry.target)}
    if (note := _note(entry)) != facts["summary"]:
        facts["note"] = note
    notes = parameter_notes(entry.target)
    facts |= {
        "paper": entry.target.paper,
        "revision": entry.target.revision,
        "parameters": [
            _parameter(entry.target, item, notes.get(item.name, ""))
            for item in fields(entry.target)  # type: ignore[arg-type]
        ],
    }
    if (count := _network_size(registry, entry)) is not None:
        facts["network_parameters"] = count
    if issubclass(entry.target, Paper):
        facts["suite"] = entry.target.suite
    if issubclass(entry.target, Dataset):
        lineage: Any = entry.target.lineage  # a property where it is that of another data set, which none is named here
        facts |= {"licence": entry.target.licence, "lineage": [] if isinstance(lineage, property) else sorted(lineage)}
    return facts


def _parameter(cls: type[Plugin], item: Any, note: str) -> dict[str, Any]:
    hint = typing.get_type_hints(cls, include_extras=True)[item.name]
    default = "required" if is_required(item) else default_of(item)
    found: dict[str, Any] = {"name": item.name, "type": _type_name(hint), "default": default}
    if limits := limits_of(hint):
        found |= {"unit": limits.unit, "range": [limits.low, limits.high]}
    return found | ({"note": note} if note else {})


def _type_name(hint: Any) -> str:
    origin = typing.get_origin(hint)
    if origin is Annotated:
        return _type_name(typing.get_args(hint)[0])
    arguments = typing.get_args(hint)
    if origin is typing.Literal:
        return " | ".join(repr(value) for value in arguments)
    if arguments and origin is not tuple:
        return " | ".join(_type_name(value) for value in arguments)
    if origin is tuple:
        return f"list of {_type_name(arguments[0])}"
    name: str = hint.__name__
    return {"NoneType": "none", "str": "text", "float": "number", "int": "whole number"}.get(name, name)


def _network_size(registry: Registry, entry: Registration) -> int | None:
    """Trainable parameters for a 28 px grey image and ten classes; None where nothing is built or defaults lack."""
    cls = entry.target
    if not (isinstance(cls, type) and issubclass(cls, Classifier | Restorer)):
        return None
    if any(map(is_required, fields(cls))):  # type: ignore[arg-type]
        return None
    shape = Shape(1, 28, 28)
    try:
        plugin = registry.resolve(entry.kind, entry.name)
        module = plugin.build(shape, 10) if isinstance(plugin, Classifier) else plugin.build(shape)
    except Exception:  # not for this shape, or a broken plugin: a listing lists the rest all the same
        return None
    return None if module is None else sum(parameter.numel() for parameter in module.parameters())


def _details(facts: dict[str, Any]) -> None:
    if facts.get("note"):
        typer.echo(f"    {facts['note']}")
    for parameter in facts.get("parameters", ()):
        unit = f" {parameter['unit']}" if parameter.get("unit") else ""
        low_high = f", {parameter['range'][0]:g} to {parameter['range'][1]:g}{unit}" if "range" in parameter else ""
        typer.echo(f"    {parameter['name']}: {parameter['type']} = {parameter['default']}{low_high}")
        if "note" in parameter:
            typer.echo(f"        {parameter['note']}")
    for name in ("paper", "suite", "licence", "network_parameters", "budgets"):
        if facts.get(name):
            value = f"{facts[name]:,} (1x28x28, 10 classes)" if name == "network_parameters" else facts[name]
            typer.echo(f"    {name.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")
    typer.echo(f"    from {facts['package']} {facts['version']}")
