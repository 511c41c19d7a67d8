"""A paper: where its printed figures were measured, and what its claims mean."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from blurbench.contract import Paper
from blurbench.errors import PluginError, UsageError
from blurbench.papers.findings import Findings, read_board
from blurbench.papers.published import Anchor, Statement
from blurbench.papers.report import Comparison, Curve, Judged, Report, Table
from blurbench.papers.sizes import sizes

if TYPE_CHECKING:
    from blurbench.registry import Registry
    from blurbench.store.store import Store

__all__ = ["CellPaper", "Claim", "ReportedPaper", "StoredBoard"]

Evidence = TypeVar("Evidence")


@dataclass(frozen=True, eq=False)
class StoredBoard:
    """A board by its name in a results folder."""

    store: Store
    name: str
    registry: Registry

    @property
    def absent(self) -> UsageError:
        """What a paper raises where there is no such board."""
        return UsageError(f"no board {self.name!r} in {self.store.root}; leave out --no-run to measure it")


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


class CellPaper(ReportedPaper[Findings]):
    """A paper whose measurements are cells of a suite of classifiers."""

    stand_ins: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    """For a data set's label, others that hold the same images in another form, each with the sentence that says so."""
    fine_tuning: ClassVar[tuple[str, ...]] = ()
    """The strategies that fit a clean classifier further: where one was measured, its epochs are told too."""
    unit_of_curves: ClassVar[str] = ""

    def curves(self, findings: Findings) -> tuple[Curve, ...]:
        """The panels of a figure; none where the paper has none."""
        return ()

    def report(self, board: StoredBoard) -> Report:
        findings = read_board(board.store, board.name, self.stand_ins)
        if findings is None:
            raise board.absent
        return Report(
            name=board.registry.name_of(self),
            citation=self.paper,
            suite=f"{findings.manifest.suite} version {findings.manifest.suite_version}",
            budget=findings.manifest.budget,
            tables=self.tables(findings),
            claims=tuple(self.judged(findings)),
            sizes=sizes(findings, board.registry, self.sizes, self.fine_tuning),
            notes=(*self.notes, *self._substitutions(findings)),
            commands=tuple(findings.manifest.commands),
            curves=self.curves(findings),
            unit_of_curves=self.unit_of_curves,
        )

    def _substitutions(self, findings: Findings) -> Iterator[str]:
        for others in self.stand_ins.values():
            yield from (sentence for label, sentence in others.items() if label in findings.datasets)
