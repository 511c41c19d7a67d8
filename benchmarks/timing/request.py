"""What the user asked for, checked before torch is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from benchmarks.timing.sizes import chosen_families, chosen_sizes
from blurbench.errors import UnknownName

__all__ = ["SECTIONS", "Request", "Section"]

Section: TypeAlias = Literal["blur", "restorers", "classifiers", "fitting"]
SECTIONS: tuple[Section, ...] = ("blur", "restorers", "classifiers", "fitting")


@dataclass(frozen=True)
class Request:
    """Names of sections, sizes and blur families: none stands for all. Raises UnknownName."""

    command: str
    threads: int
    restorer: str
    """The one that is fitted, that is timed with a batch of 64 too, and that a quick run keeps to."""
    classifier: str
    """The one that is fitted."""
    device: str = "auto"
    only: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    quick: bool = False

    def __post_init__(self) -> None:
        for section in self.only:
            if section not in SECTIONS:
                raise UnknownName("part of --only", section, SECTIONS)
        chosen_sizes(self.sizes, "cpu")
        chosen_families(self.families)

    @property
    def sections(self) -> tuple[Section, ...]:
        """In the order of a report."""
        return tuple(section for section in SECTIONS if not self.only or section in self.only)
