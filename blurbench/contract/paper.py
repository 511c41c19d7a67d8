"""The contract of papers, whose printed figures stand beside what was measured."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Generic, TypeVar

from blurbench.contract.plugin import Plugin

__all__ = ["Paper"]

Board = TypeVar("Board", contravariant=True)
Report = TypeVar("Report", covariant=True)


class Paper(Plugin, Generic[Board, Report]):
    """A paper: which suite measures what it printed, and what a board of that suite says to it.

    Derive from `CellPaper` or `EstimationPaper` of `blurbench.papers`, which make the report out of tables and claims.
    The two type parameters are there filled in: boards and reports are made of records, of which the contract knows
    nothing. `paper`, as of every plugin, is the citation that opens the report.
    """

    suite: ClassVar[str]
    """The name of the suite that `blurbench reproduce` runs."""

    @abstractmethod
    def report(self, board: Board) -> Report:
        """Everything that a board can tell. Raises UsageError where there is no such board."""
