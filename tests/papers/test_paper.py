"""What every paper does alike."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from blurbench.errors import PluginError
from blurbench.papers.findings import Findings
from blurbench.papers.paper import CellPaper
from blurbench.papers.published import Statement
from blurbench.papers.report import Table
from tests.builders import PaperBoard


@dataclass(frozen=True)
class Unruled(CellPaper):
    """It claims what it has no rule for."""

    suite = "smoke"

    def statements(self) -> tuple[Statement, ...]:
        return (Statement("c1", "blur costs", "holds"),)

    def tables(self, evidence: Findings) -> tuple[Table, ...]:
        return ()


def test_a_claim_without_a_rule_is_one_line_that_names_it(board: PaperBoard) -> None:
    with pytest.raises(PluginError, match="Unruled has no rule for its claim 'c1'; `claims` needs one"):
        list(Unruled().judged(board.findings()))
