"""A small board, and the tables of what is shown."""

from __future__ import annotations

import re

import numpy as np
import pytest

from blurbench.board.render import page
from blurbench.board.render.markdown import render

HOSTILE = "a|b`c*d\\|<script>x</script>\n## Won\n| 1 | me | [free](http://evil) ![i](http://evil)\u202e\x1b[31m"
HOSTILE_NAME = '<script>document.title="hacked"</script><img src=x onerror=alert(1)>"\'{{ 7*7 }}'


def shown(board) -> str:
    return render(board.standings())


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of cells, cut as GitHub cuts them."""
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [
        [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
        for table in found
    ]


def table_with(text: str, *headings: str) -> list[dict[str, str]]:
    header, _, *rows = next(table for table in tables(text) if set(headings) <= set(table[0]))
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture
def result(board):
    for strategy, right in (("plain", 4), ("retrain", 8), ("blur-augment", 9), (HOSTILE_NAME, 5)):
        blur = "" if strategy == "plain" else "gaussian-2"
        board.cell("none", strategy, blur, hits="1" * 9 + "0")
        board.cell("gaussian-2", strategy, blur, hits="1" * right + "0" * (10 - right))
        board.timing(strategy, right / 10, 0.1)
    board.cell("gaussian-2", "told", "gaussian-2", hits="1" * 10, knows="true PSF")
    board.cell("none", "told", "gaussian-2", hits="1" * 10, knows="true PSF")
    board.failure("gaussian-2", "broken", status="failed", reason="it <b>broke</b>")
    return board.standings()


@pytest.fixture
def strips() -> list[page.Strip]:
    images = np.arange(2 * 64, dtype=np.uint8).reshape(2, 1, 8, 8)
    return [page.Strip("dots", "gaussian-2", {"clean": images, "blurred": images // 2})]
