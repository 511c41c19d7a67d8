"""A paper: where its printed figures were measured, and what its claims mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from blurbench.errors import UsageError
from blurbench.papers.findings import Findings, read_board
from blurbench.papers.published import Anchor, anchors, statements
from blurbench.papers.report import Comparison, Curve, Judged, Report, Table
from blurbench.papers.sizes import sizes
from blurbench.registry import Registry
from blurbench.results.store import Store

__all__ = ["Claim", "Paper"]


@dataclass(frozen=True)
class Claim:
    """A claim as a rule over rows: `rule` says it in words with its margin, `in_paper` how many rows the paper has."""

    rule: str
    in_paper: int
    compare: Callable[[Findings], Iterable[Comparison]]
    reason: str = ""
    """Why no row of it can be measured, where that is so."""


@dataclass(frozen=True)
class Paper:
    """One paper. `suite` is the one whose board holds its measurements; `sizes` are the paper's, in words."""

    name: str
    number: str
    citation: str
    suite: str
    tables: Callable[[Findings, tuple[Anchor, ...]], tuple[Table, ...]]
    claims: Mapping[str, Claim]
    sizes: Mapping[str, str]
    notes: tuple[str, ...] = ()
    stand_ins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For a data set's label, others that hold the same images in another form."""
    curves: Callable[[Findings], tuple[Curve, ...]] = lambda findings: ()
    unit_of_curves: str = ""

    def report(self, store: Store, board: str, registry: Registry) -> Report:
        """Everything of this paper that the board can tell. Raises UsageError where there is no such board."""
        findings = read_board(store, board, self.stand_ins)
        if findings is None:
            raise UsageError(f"no board {board!r} in {store.root}; leave out --no-run to measure it")
        return Report(
            name=self.name,
            citation=self.citation,
            suite=f"{findings.manifest.suite} version {findings.manifest.suite_version}",
            budget=findings.manifest.budget,
            tables=self.tables(findings, anchors(self.number)),
            claims=tuple(self.judged(findings)),
            sizes=sizes(findings, registry, self.sizes),
            notes=(*self.notes, *_substitutions(findings)),
            commands=tuple(findings.manifest.commands),
            curves=self.curves(findings),
            unit_of_curves=self.unit_of_curves,
        )

    def judged(self, findings: Findings) -> Iterator[Judged]:
        """Every claim that the paper makes, in order."""
        for statement in statements(self.number):
            claim = self.claims[statement.id]
            rows = tuple(claim.compare(findings))
            yield Judged(
                statement.id, statement.text, statement.own_figures, claim.rule, rows, claim.in_paper, claim.reason
            )


def _substitutions(findings: Findings) -> Iterator[str]:
    for name, others in findings.stand_ins.items():
        for other in others:
            if other in findings.datasets:
                yield STAND_INS.get(other, f"{other} was used for {name}.")


STAND_INS = {
    "cifar10-jpeg": "CIFAR-10 was read from a copy whose images are JPEG files: its pixels differ slightly from the "
    "original's, so every figure on it is of that copy."
}
