"""A paper: where its printed figures were measured, and what its claims mean."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from blurbench.contract import Paper
from blurbench.errors import PluginError, UsageError, listed
from blurbench.papers.findings import Cells, Findings
from blurbench.papers.published import Anchor, Statement
from blurbench.papers.report import Comparison, Curve, Judged, Report, Size, Table
from blurbench.papers.sizes import sizes

if TYPE_CHECKING:
    from blurbench.registry import Registry
    from blurbench.store.store import Store

__all__ = ["CellPaper", "Claim", "ReportedPaper", "StoredBoard"]

Evidence = TypeVar("Evidence", bound=Cells)

MOST_LOST = 12
"""Rows of one class that a report lists."""


@dataclass(frozen=True, eq=False)
class StoredBoard:
    """A board by its name in a results folder."""

    store: Store
    name: str
    registry: Registry

    def cells(self) -> Cells:
        """As on the board, what cannot be compared has failed. Raises UsageError where there is no such board."""
        from blurbench.store.label_consistency import without_inconsistent

        records = self.store.records
        if (manifest := records.board(self.name)) is None:
            raise UsageError(f"no board {self.name!r} in {self.store.root}; leave out --no-run to measure it")
        return Cells(manifest, without_inconsistent(manifest, records.of_board(manifest)))


@dataclass(frozen=True)
class Claim(Generic[Evidence]):
    """A claim as a rule over rows: `rule` says it in words with its margin, `in_paper` how many rows the paper has."""

    rule: str
    in_paper: int
    compare: Callable[[Evidence], Iterable[Comparison]]
    reason: str = ""
    """What of it no row measures, and why: then it does not hold, whatever the rows say."""


class ReportedPaper(Paper[StoredBoard, Report], Generic[Evidence]):
    """A paper as tables and claims over `Evidence`: what a board holds, by its place in the suite."""

    notes: ClassVar[tuple[str, ...]] = ()
    """Sentences that open the report: what is assumed, and what differs from the paper."""
    sizes: ClassVar[Mapping[str, str]] = {}
    """How large the paper's own measurement was, in words: `{"seeds": "one"}`; what was measured here is set beside."""
    unit_of_curves: ClassVar[str] = ""

    def anchors(self) -> tuple[Anchor, ...]:
        """The figures that the paper prints."""
        return ()

    def statements(self) -> tuple[Statement, ...]:
        """The claims that the paper makes, in order."""
        return ()

    @abstractmethod
    def tables(self, evidence: Evidence) -> tuple[Table, ...]:
        """The printed figures beside measured ones, and what stands beside them."""

    def claims(self) -> Mapping[str, Claim[Evidence]]:
        """What each statement means, by its id."""
        return {}

    def judged(self, evidence: Evidence) -> Iterator[Judged]:
        """Every claim that the paper makes, in order."""
        claims = self.claims()
        for statement in self.statements():
            claim = claims.get(statement.id)
            if claim is None:
                raise PluginError(
                    f"{type(self).__name__} has no rule for its claim {statement.id!r}; `claims` needs one"
                )
            rows = tuple(claim.compare(evidence))
            yield Judged(
                statement.id, statement.text, statement.own_figures, claim.rule, rows, claim.in_paper, claim.reason
            )

    def curves(self, evidence: Evidence) -> tuple[Curve, ...]:
        """The panels of a figure; none where the paper has none."""
        return ()

    @abstractmethod
    def evidence(self, cells: Cells) -> Evidence:
        """The board's cells, by their place in the suite."""

    @abstractmethod
    def both_sizes(self, evidence: Evidence, registry: Registry) -> tuple[Size, ...]:
        """How large the measurement was in the paper, and here."""

    def all_notes(self, evidence: Evidence) -> tuple[str, ...]:
        """With what only the board tells."""
        return self.notes

    def report(self, board: StoredBoard) -> Report:
        evidence = self.evidence(board.cells())
        manifest = evidence.manifest
        return Report(
            name=board.registry.name_of(self),
            citation=self.paper,
            suite=f"{manifest.suite} version {manifest.suite_version}",
            budget=manifest.budget,
            tables=self.tables(evidence),
            claims=tuple(self.judged(evidence)),
            sizes=self.both_sizes(evidence, board.registry),
            notes=self.all_notes(evidence),
            commands=tuple(manifest.commands),
            curves=self.curves(evidence),
            unit_of_curves=self.unit_of_curves,
        )


class CellPaper(ReportedPaper[Findings]):
    """A paper whose measurements are cells of a suite of classifiers."""

    stand_ins: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """For a data set's label, others that hold the same images in another form, each with the sentence that says so."""
    fine_tuning: ClassVar[tuple[str, ...]] = ()
    """The strategies that fit a clean classifier further: where one was measured, its epochs are told too."""

    def evidence(self, cells: Cells) -> Findings:
        return Findings(cells.manifest, cells.records, self.stand_ins)

    def both_sizes(self, evidence: Findings, registry: Registry) -> tuple[Size, ...]:
        return sizes(evidence, registry, self.sizes, self.fine_tuning)

    def all_notes(self, evidence: Findings) -> tuple[str, ...]:
        named = (item for others in self.stand_ins.values() for item in others.items())
        lost = list(evidence.of_one_class())
        told = [f"Nearly all images are given one class: {listed(lost, MOST_LOST, '; ')}."] if lost else []
        return (*self.notes, *(sentence for label, sentence in named if label in evidence.datasets), *told)
