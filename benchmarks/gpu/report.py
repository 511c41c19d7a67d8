"""report.md: what was measured, in the order of the stages, what was not, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from benchmarks.gpu.journal import Entry, Journal
from benchmarks.gpu.matrix import StageResult
from benchmarks.timing.markdown import render as render_timing
from benchmarks.timing.markdown import table
from benchmarks.timing.results import Group, Limits, Report, Row

__all__ = ["Call", "render"]


@dataclass(frozen=True)
class Call:
    """What was asked for, and how long it took so far."""

    command: str
    device: str
    minutes: float
    seconds: float
    unmet: Sequence[str] = ()
    """Requirements that this Python does not meet."""
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def render(call: Call, results: Sequence[StageResult], board: str) -> str:
    """The whole file; stages that have not run yet are not in it."""
    by_name = {result.name: result for result in results}
    parts = [
        "# The standard GPU matrix",
        _opening(call, results),
        table(("stage", "steps done", "seconds", "remarks"), map(_stage, results)),
        *_problems(results),
    ]
    for name, section in (("checks", _checks), ("hot_path", _hot_path), ("training", _training)):
        if name in by_name:
            parts += section(call, by_name[name].journal)
    if "suite" in by_name:
        parts += ["## The suite", _demoted(board) or "No cell was measured."]
    return "\n\n".join(parts) + "\n"


def _opening(call: Call, results: Sequence[StageResult]) -> str:
    machine: dict[str, Any] = {}
    for result in results:
        machine |= result.journal.machine
    lines = [
        f"To repeat it, or to go on where it stopped: `{call.command}`",
        f"{call.time}: {call.seconds / 60:.1f} of {call.minutes:g} minutes",
        ", ".join(f"{name} {value}" for name, value in machine.items()) or "no stage has begun",
    ]
    if call.unmet:
        lines.append(f"Not met here, so plugins that need them are left out: {', '.join(call.unmet)}")
    return "\n".join(f"- {line}" for line in lines)


def _stage(result: StageResult) -> tuple[str, str, str, str]:
    entries = result.journal.entries
    states = Counter(entry.state for entry in entries.values())
    planned = max(len(entries), len(result.journal.planned))
    remarks = [f"{count} {state}" for state, count in states.items() if state != "ok"]
    if planned > len(entries):
        remarks.append(f"{planned - len(entries)} not begun")
    remarks += [result.reason] if result.reason else []
    return result.name, f"{states['ok']} of {planned}", f"{result.seconds:.0f}", "; ".join(remarks)


def _problems(results: Sequence[StageResult]) -> Iterator[str]:
    """One line a reason: a device that fails in one way fails in a hundred steps."""
    steps: dict[tuple[str, str], list[str]] = {}
    for result in results:
        for entry in result.journal.entries.values():
            if entry.state != "ok":
                steps.setdefault((entry.state, entry.reason), []).append(entry.step)
    if steps:
        yield "\n".join(f"- {state}: {_listed(named)}: {reason}" for (state, reason), named in steps.items())


def _listed(steps: Sequence[str]) -> str:
    return steps[0] if len(steps) == 1 else f"{len(steps)} steps, the first {steps[0]}"


# --- stages --------------------------------------------------------------------------------------------------------


def _checks(call: Call, journal: Journal) -> Iterator[str]:
    passed = sum(entry.state == "ok" for entry in journal.entries.values())
    where = "under Triton's interpreter" if journal.machine.get("device") == "cpu" else "on the GPU"
    yield "## Checks"
    yield f"{passed} tests that are marked `gpu` passed {where}."


def _hot_path(call: Call, journal: Journal) -> Iterator[str]:
    yield "## The hot path"
    values = {name: entry.value for name, entry in journal.entries.items() if entry.state == "ok"}
    if "limits" not in values:
        yield "Nothing was measured."
        return
    versions = values.get("versions", {"versions": {}, "missing": []})
    report = Report(
        call.command,
        call.time,
        journal.machine,
        versions["versions"],
        Limits(**values["limits"]),
        notes=versions["missing"],
    )
    report.groups += [_group(value) for value in values.values() if "rows" in value]
    yield _demoted(render_timing(report))


def _group(value: dict[str, Any]) -> Group:
    return Group(**{**value, "rows": tuple(Row(**row) for row in value["rows"])})


def _training(call: Call, journal: Journal) -> Iterator[str]:
    yield "## Training steps"
    taken = [entry for entry in journal.entries.values() if entry.state == "ok"]
    yield (
        "Milliseconds a step and network: median over blocks of steps, and interquartile range. The loss is the first "
        "network's at the last step of the first block; all ways begin with the same weights and batches."
    )
    heads = ("network", "way", "batch", "networks", "ms", "IQR", "blocks", "times as fast", "loss", "after", "first, s")
    yield table(heads, (_way(entry, taken) for entry in taken))


def _way(entry: Entry, taken: Sequence[Entry]) -> tuple[str, ...]:
    value = entry.value
    plain = next((e.value for e in taken if e.value["problem"] == value["problem"] and e.value["way"] == "eager"), None)
    return (
        value["problem"],
        value["way"],
        str(value["batch"]),
        str(value["networks"]),
        f"{value['seconds'] * 1e3:.4g}",
        f"{value['iqr'] * 1e3:.2g}",
        str(value["rounds"]),
        f"{plain['seconds'] / value['seconds']:.2f}x" if plain else "",
        f"{value['loss']:.4f}",
        f"{value['steps']} steps",
        f"{value['first']:.1f}",
    )


def _demoted(text: str) -> str:
    """Markdown as a part of a section."""
    return re.sub(r"^#", "###", text, flags=re.MULTILINE)
