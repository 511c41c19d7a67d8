"""The printed figures and claims of the papers that ship with blurbench."""

from __future__ import annotations

import pytest

from blurbench.papers.paper import CellPaper, ReportedPaper
from blurbench.registry import Registry
from tests.builders import PaperBoard

FIGURES = {"shen2022": 75, "kim2023": 26, "zhou2017": 8, "patro2017": 15, "dicosola2020": 31}


def paper(registry: Registry, name: str) -> ReportedPaper[object]:
    made: ReportedPaper[object] = registry.resolve("papers", name)
    return made


def test_the_five_papers_are_there(registry: Registry) -> None:
    assert set(registry.entries["papers"]) == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_all_figures_of_a_paper_are_read(registry: Registry, name: str) -> None:
    assert len(paper(registry, name).anchors()) == FIGURES[name]


@pytest.mark.parametrize("name", [name for name in FIGURES if name != "patro2017"])
def test_every_printed_figure_stands_in_one_table(registry: Registry, name: str, board: PaperBoard) -> None:
    made = paper(registry, name)
    assert isinstance(made, CellPaper)
    tables = made.tables(board.findings(**made.stand_ins))

    shown = sorted(cell.published for table in tables for cell in table.cells if cell.published is not None)
    assert shown == sorted(anchor.best for anchor in made.anchors())


@pytest.mark.parametrize("name", FIGURES)
def test_every_claim_of_a_paper_has_a_rule(registry: Registry, name: str) -> None:
    made = paper(registry, name)
    assert list(made.claims()) == [statement.id for statement in made.statements()]


@pytest.mark.parametrize("name", FIGURES)
def test_every_paper_names_a_suite_that_is_installed(registry: Registry, name: str) -> None:
    assert paper(registry, name).suite in registry.entries["suites"]
