"""What a stage has measured, one line a step, written as soon as it is known: whoever ends the stage loses one step."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

__all__ = ["Entry", "Journal", "State"]

State: TypeAlias = Literal["ok", "skipped", "failed", "cut"]
"""`cut`: its time was up."""

FINAL: tuple[State, ...] = ("ok", "skipped")
"""The others are tried again by the next call."""


@dataclass(frozen=True)
class Entry:
    """What became of a step."""

    step: str
    state: State
    reason: str = ""
    seconds: float = 0.0
    value: Any = None
    """What it measured, as JSON."""


@dataclass
class Journal:
    """The file, and what stands in it: read anew whenever one is made."""

    path: Path
    machine: Mapping[str, Any] = field(default_factory=dict)
    """What measured it: steps of two machines never stand in one journal."""
    planned: Sequence[str] = ()
    begun: str = ""
    """The step at which its process is, or was when it ended."""
    entries: dict[str, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        text = self.path.read_text(encoding="utf-8") if self.path.is_file() else ""
        for line in text.splitlines():
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue  # half a line: its process was killed while it wrote

    def _take(self, said: dict[str, Any]) -> None:
        match said:
            case {"machine": machine}:
                self.machine = machine
            case {"planned": planned}:
                self.planned = planned
            case {"begun": step}:
                self.begun = step
            case _:
                entry = Entry(**said)
                self.entries[entry.step] = entry
                self.begun = "" if self.begun == entry.step else self.begun

    def say(self, **said: Any) -> None:
        """Write `machine`, `planned` or `begun`."""
        self._write([said])

    def add(self, entry: Entry) -> None:
        """Write what became of a step."""
        self._write([asdict(entry)])

    def begin(self, machine: Mapping[str, Any]) -> None:
        """Go on with this machine's journal; begin another where a different one wrote it."""
        if self.machine != machine:
            self._renew([])
            self.say(machine=machine)

    def forget_failures(self) -> None:
        """Have all that failed, or was cut, tried again."""
        self._renew([entry for entry in self.entries.values() if entry.state in FINAL])

    def _renew(self, kept: Sequence[Entry]) -> None:
        self.path.unlink(missing_ok=True)
        self.entries, self.planned, self.begun = {}, (), ""
        self._write([*([{"machine": self.machine}] if kept else []), *map(asdict, kept)])

    def _write(self, lines: Sequence[dict[str, Any]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))
        for line in json.loads(json.dumps(lines)):
            self._take(line)
