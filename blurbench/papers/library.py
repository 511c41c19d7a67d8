"""All papers, by the names of the command line."""

from __future__ import annotations

from typing import Protocol

from blurbench.errors import UnknownName
from blurbench.papers import dicosola2020, kim2023, patro2017, shen2022, zhou2017
from blurbench.papers.report import Report
from blurbench.registry import Registry
from blurbench.results.store import Store

__all__ = ["PAPERS", "Reportable", "paper"]


class Reportable(Protocol):
    """What the command needs of a paper, whatever kind of record holds its measurements."""

    @property
    def name(self) -> str: ...

    @property
    def suite(self) -> str: ...

    @property
    def citation(self) -> str: ...

    def report(self, store: Store, board: str, registry: Registry) -> Report: ...


PAPERS: dict[str, Reportable] = {
    one.name: one for one in (shen2022.PAPER, kim2023.PAPER, zhou2017.PAPER, patro2017.PAPER, dicosola2020.PAPER)
}


def paper(name: str) -> Reportable:
    """The paper of that name; raises UnknownName with a suggestion."""
    if name not in PAPERS:
        raise UnknownName("paper", name, PAPERS)
    return PAPERS[name]
