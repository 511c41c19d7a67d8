"""`blurbench ls`: what stands below a plugin's parameters."""

from __future__ import annotations

import json
from dataclasses import dataclass

from blurbench.cli.parameter_notes import parameter_notes
from tests.conftest import Command


@dataclass(frozen=True)
class First:
    width: int = 1
    """How wide,
    in pixels."""
    height: int = 2

    def area(self) -> int:
        """No parameter."""
        return self.width * self.height


@dataclass(frozen=True)
class Second(First):
    height: int = 3
    """How high."""
    depth: int = 4


def test_a_note_belongs_to_the_attribute_above_it_and_is_inherited() -> None:
    assert parameter_notes(First) == {"width": "How wide, in pixels."}
    assert parameter_notes(Second) == {"width": "How wide, in pixels.", "height": "How high."}


def test_a_class_without_source_has_no_notes() -> None:
    made = type("Made", (), {"width": 1})
    assert parameter_notes(made) == {}
    assert parameter_notes(int) == {}


def test_ls_in_full_shows_the_notes(blurbench: Command) -> None:
    shown = blurbench("ls", "strategies", "-v").stdout
    line = "    share: number = 0.5, 0 to 1\n        The chance that an image is blurred.\n"
    assert line in shown
    entries = {entry["name"]: entry for entry in json.loads(blurbench("ls", "strategies", "--json").stdout)}
    notes = {one["name"]: one.get("note") for one in entries["blur-augment"]["parameters"]}
    assert notes["share"] == "The chance that an image is blurred."
