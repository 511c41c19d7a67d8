"""What a plugin's author wrote below a parameter."""

from __future__ import annotations

from dataclasses import dataclass

from blurbench.cli.parameter_notes import parameter_notes


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
