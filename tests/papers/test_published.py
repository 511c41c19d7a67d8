"""The printed figures and claims that ship with the tool."""

from __future__ import annotations

import pytest

from blurbench.papers import NAMES
from blurbench.papers.library import PAPERS
from blurbench.papers.paper import Paper
from blurbench.papers.patro2017 import CLAIMS
from blurbench.papers.published import anchors, statements
from tests.builders import Board

NUMBERS = {"000": 75, "001": 26, "002": 8, "003": 15, "004": 31}


@pytest.mark.parametrize("number", NUMBERS)
def test_all_figures_of_a_paper_are_read(number: str) -> None:
    assert len(anchors(number)) == NUMBERS[number]


def test_a_corrected_figure_is_the_one_to_compare_with() -> None:
    blurry = next(one for one in anchors("000") if (one.row, one.column) == ("Fashion-MNIST(G)", "blurry"))

    assert blurry.value == 1.33e-03
    assert blurry.best == 1.33e-02


@pytest.mark.parametrize("name", [name for name, paper in PAPERS.items() if isinstance(paper, Paper)])
def test_every_printed_figure_stands_in_one_table(name: str, board: Board) -> None:
    paper = PAPERS[name]
    assert isinstance(paper, Paper)
    printed = anchors(paper.number)

    tables = paper.tables(board.findings(**dict(paper.stand_ins.items())), printed)

    shown = sorted(cell.published for table in tables for cell in table.cells if cell.published is not None)
    assert shown == sorted(one.best for one in printed)


@pytest.mark.parametrize("name", PAPERS)
def test_every_claim_of_a_paper_has_a_rule(name: str) -> None:
    paper = PAPERS[name]
    rules = paper.claims if isinstance(paper, Paper) else CLAIMS

    assert list(rules) == [one.id for one in statements(paper.number)]  # type: ignore[attr-defined]


def test_all_five_papers_can_be_named() -> None:
    assert tuple(PAPERS) == NAMES
