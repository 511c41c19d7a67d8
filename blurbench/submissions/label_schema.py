"""What a board's labels mean, by the suite that it names or by most of its records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from blurbench.errors import RecordError, shortened
from blurbench.registry import Registry, spec
from blurbench.results.record import AnyBoard, AnyLine, AnyRecord
from blurbench.suites.axes import Named

__all__ = ["Terms", "by_most", "check_facts", "meanings", "misplaced", "shown"]

Meanings: TypeAlias = dict[str, dict[str, list[dict[str, Any]]]]
"""For each axis and label the plugins, written out, that it stands for."""


@dataclass(frozen=True)
class Terms:
    """What the records of a board must be."""

    meanings: Meanings
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Fields that have one value in all records, where they have any."""


def meanings(registry: Registry, axes: Mapping[str, Iterable[Named]]) -> Meanings:
    """As a suite says."""
    found: Meanings = {axis: {} for axis in axes}
    for axis, values in axes.items():
        for value in values:
            found[axis].setdefault(value.label, []).append(spec(registry, value.plugin))
    return found


def by_most(board: AnyBoard, records: Mapping[str, AnyRecord]) -> Terms:
    """As most records of the board have it, where its suite is not known."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for line in board.lines:
        if line.key in records:
            for axis, part in records[line.key].parts().items():
                counts.setdefault((axis, getattr(line, axis)), Counter())[json.dumps(part.spec, sort_keys=True)] += 1
    found: Meanings = {}
    for (axis, label), specs in counts.items():
        found.setdefault(axis, {})[label] = [json.loads(specs.most_common(1)[0][0])]
    return Terms(found)


def misplaced(line: AnyLine, record: AnyRecord, board: AnyBoard, terms: Terms) -> str:
    """Why a record does not belong on its line; empty if it does."""
    for name in [name for name in type(line).model_fields if name not in ("key", *record.AXES)]:
        if (stated := getattr(record, name)) != (listed := getattr(line, name)) and (stated, listed) != (None, ""):
            return f"{name}: {stated}, but the board lists it under {shown(listed)}"
    for name, value in {"budget": board.budget_values, **terms.fields}.items():
        if getattr(record, name) not in (None, value):
            return f"{name}: not the board's"
    parts = record.parts()
    for axis in record.AXES:
        label, part = getattr(line, axis), parts.get(axis)
        if part is None and not label:
            continue
        if part is None or part.spec not in terms.meanings.get(axis, {}).get(label, []):
            stands_for = shown(part.label) if part else "none"
            return f"{axis}: {stands_for}, which is not what the board calls {shown(label)!r}"
    return ""


def check_facts(record: AnyRecord, facts: Mapping[str, Any]) -> None:
    """What a record says of itself against what its plugins say."""
    stated = record.model_dump(mode="json")
    for name, value in facts.items():
        if stated[name] != value:
            raise RecordError(f"{name}: {shown(stated[name])}, but its plugins say {shown(value)}")


def shown(value: Any) -> str:
    """As a refusal shows it."""
    return shortened(str(value), 80)
