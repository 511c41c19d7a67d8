"""Small boards, and how their parts are found."""

from __future__ import annotations

import pytest

from tests.board import advised
from tests.builders import Board, swept


@pytest.fixture
def board() -> Board:
    """An empty board."""
    return Board()


@pytest.fixture
def ladder(board: Board) -> Board:
    """plain, retrain fitted at sigma 2, and an oracle along a severity sweep."""
    return swept(board)


@pytest.fixture
def remedies() -> Board:
    """What advice is asked of."""
    return advised.remedies()


def first(n: int, of: int = 100) -> str:
    """The first `n` of the test images are right."""
    return "1" * n + "0" * (of - n)


@pytest.fixture
def simple(board):
    """plain falls from 90 to 50; retrain climbs to 80 and gives up 5 on clean images."""
    board.cell("none", "plain", hits=first(90), knows="nothing")
    board.cell("gaussian-2", "plain", hits=first(50), knows="nothing", exposure="unseen family")
    board.cell("none", "retrain", "gaussian-2", hits=first(85))
    board.cell("gaussian-2", "retrain", "gaussian-2", hits=first(80))
    return board


def of(board):
    return board.standings()


def block(board, test_blur="gaussian-2", dataset="dots"):
    return next(one for one in of(board).blocks if (one.test_blur, one.dataset) == (test_blur, dataset))


def row(board, strategy, test_blur="gaussian-2", dataset="dots"):
    here = block(board, test_blur, dataset)
    return next(one for one in (*here.rows, *here.oracles) if one.strategy == strategy)


def overall(board, strategy):
    (ranking,) = of(board).rankings
    return next(one for one in (*ranking.rows, *ranking.oracles) if one.strategy == strategy)
