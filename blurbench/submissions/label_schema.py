"""What a board's labels mean, by the suite that it names or by most of its records."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from blurbench.errors import RecordError, UsageError, shortened
from blurbench.matrix.board_id import content_digest
from blurbench.matrix.suite import find
from blurbench.measurements import MEASUREMENTS
from blurbench.registry import Registry, config, label
from blurbench.store.record import Line, Manifest, Record

__all__ = ["by_most", "check_lines", "misplaced", "of_suite", "shown"]

Meanings: TypeAlias = dict[str, dict[str, list[dict[str, Any]]]]
"""For each axis and label the plugins, written out, that it stands for."""


@dataclass(frozen=True)
class LabelSchema:
    """What the records of a board must be."""

    meanings: Meanings
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What else is the same in all of them."""
    test_seed: int | None = None


def of_suite(board: Manifest, registry: Registry) -> LabelSchema | None:
    """By the suite under the board's budget as it is installed here; None where it is not, or in another version. What
    the suite does not have is called by its own expression. Raises RecordError where the board is not of its suite."""
    if board.suite not in registry.entries["suites"]:
        return None
    found = find(registry, board.suite)
    if (found.version, found.measure) != (board.suite_version, board.measure):
        return None
    suite = found.under(board.budget.partition("[")[0])
    if content_digest(suite, board.budget_values) != board.content:
        raise RecordError(f"content: not that of suite {suite.name} version {suite.version} under this budget")
    if board.baseline != (baseline := getattr(suite, "baseline", "")):
        raise RecordError(f"baseline: {shown(board.baseline)!r}, but the suite says {baseline!r}")
    measurement = MEASUREMENTS[board.measure]
    meanings: Meanings = {}
    for axis, values in measurement.label_values(registry, suite):
        known: dict[str, list[dict[str, Any]]] = {}
        for value in values:
            known.setdefault(value.label, []).append(config(registry, value.plugin))
        meanings[axis] = {**_own(board, registry, axis, known), **known}
    return LabelSchema(meanings, measurement.settings(registry, suite), suite.test_seed)


def _own(board: Manifest, registry: Registry, axis: str, known: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What users measured beside what the suite has, as far as it is installed and called as it is."""
    kind = MEASUREMENTS[board.measure].kind(axis)
    own = {}
    for name in dict.fromkeys(line[axis] for line in board.lines if line[axis] not in known):
        with suppress(UsageError):  # its records are refused for it
            plugin = registry.resolve(kind, name)
            if label(registry, plugin) == name:
                own[name] = [config(registry, plugin)]
    return own


def by_most(board: Manifest, records: Mapping[str, Record]) -> LabelSchema:
    """As most records of the board have it, where its suite is not known."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for line in board.lines:
        if line.key in records:
            for axis, value in records[line.key].axes.items():
                counts.setdefault((axis, line[axis]), Counter())[json.dumps(value.config, sort_keys=True)] += 1
    meanings: Meanings = {}
    for (axis, name), configs in counts.items():
        meanings.setdefault(axis, {})[name] = [json.loads(configs.most_common(1)[0][0])]
    return LabelSchema(meanings)


def misplaced(line: Line, record: Record, board: Manifest, schema: LabelSchema) -> str:
    """Why a record does not belong on its line; empty if it does."""
    if record.measure != board.measure:
        return f"measure: {record.measure}, on a board of {board.measure}"
    if record.seed != line.seed:
        return f"seed: {record.seed}, but the board lists it under {line.seed}"
    if record.budget != board.budget_values:
        return "budget: not the board's"
    if schema.test_seed not in (None, record.test_seed):
        return "test_seed: not the suite's"
    if wrong := [name for name, value in schema.settings.items() if not _asks(record.settings.get(name), value)]:
        return f"settings: {wrong[0]} is not the suite's"
    return next((reason for axis in line.labels if (reason := _mislabelled(line, record, axis, schema))), "")


def _asks(stated: Any, wanted: Any) -> bool:
    """Whether a record's setting is the suite's; a user may have asked for more."""
    if isinstance(wanted, list):
        return isinstance(stated, list) and all(one in stated for one in wanted)
    return bool(stated == wanted)


def _mislabelled(line: Line, record: Record, axis: str, schema: LabelSchema) -> str:
    name = line[axis]
    if axis not in {known.name for known in MEASUREMENTS[record.measure].axes}:  # a setting
        stated = record.settings.get(axis, "")
        return "" if stated == name else f"{axis}: {shown(stated)}, but the board lists it under {shown(name)}"
    value = record.axes.get(axis)
    if value is None and not name:
        return ""
    if value is None or value.config not in schema.meanings.get(axis, {}).get(name, []):
        stands_for = shown(value.label) if value else "none"
        return f"{axis}: {stands_for}, which is not what the board calls {shown(name)!r}"
    return ""


def shown(value: Any) -> str:
    """As a refusal shows it."""
    return shortened(str(value), 80)


def check_lines(board: Manifest) -> None:
    """Raises RecordError for lines that cannot be of the board's measurement."""
    axes = MEASUREMENTS[board.measure].shown_axes
    if not board.lines:
        raise RecordError("lines: there are none")
    for line in board.lines:
        if tuple(line.labels) != axes:
            raise RecordError(f"lines: the labels of one are {shown(list(line.labels))}, not {list(axes)}")
        if line["test_blur"] not in board.test_blurs:
            raise RecordError(f"lines: {shown(line['test_blur'])!r} is not one of test_blurs")
    _check_places(board.lines)


def _check_places(lines: Iterable[Line]) -> None:
    ((place, count),) = Counter(line.place() for line in lines).most_common(1)
    if count > 1:
        raise RecordError(f"lines: {count} stand at one place, {shown(place)}")
