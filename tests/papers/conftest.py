import pytest

from tests.builders import PaperBoard


@pytest.fixture
def board() -> PaperBoard:
    """An empty board."""
    return PaperBoard()
