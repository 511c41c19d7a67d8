import pytest

from tests.builders import Board, swept


@pytest.fixture
def board() -> Board:
    """An empty board."""
    return Board()


@pytest.fixture
def ladder(board: Board) -> Board:
    """plain, retrain fitted at sigma 2, and an oracle along a severity sweep."""
    return swept(board)
