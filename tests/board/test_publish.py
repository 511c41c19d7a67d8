"""A board's files, beside it and elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from blurbench.board.publish import publish_board, write_board
from blurbench.errors import UsageError
from blurbench.store.store import Store
from tests.builders import Board


@pytest.fixture
def stored(board: Board, tmp_path: Path) -> tuple[Store, str]:
    for strategy, right in (("plain", 4), ("retrain", 8)):
        board.cell("none", strategy, hits="1" * 9 + "0")
        board.cell("gaussian-2", strategy, hits="1" * right + "0" * (10 - right))
    return board.stored(tmp_path / "results")


def test_what_shows_the_same_already_stays_as_it_is_unless_all_is_to_be_written(stored: tuple[Store, str]) -> None:
    summary, paths = write_board(*stored)
    assert [path.name for path in paths] == ["by-hand.md", "by-hand.csv", "by-hand.html"]
    paths[0].write_text("edited")
    assert write_board(*stored, always=False) == (summary, paths)
    assert paths[0].read_text() == "edited"
    write_board(*stored)
    assert paths[0].read_text().startswith("# Mini board\n")


def test_what_shows_something_else_is_written_again(stored: tuple[Store, str], board: Board) -> None:
    store, name = stored
    _, paths = write_board(store, name)
    before = paths[1].read_text()
    board.cell("gaussian-2", "unet", hits="1" * 10)
    board.stored(store.root)
    write_board(store, name, always=False)
    assert "unet" in paths[1].read_text()
    assert "unet" not in before


def test_a_file_of_the_users_is_not_replaced_and_then_nothing_is_written(
    stored: tuple[Store, str], tmp_path: Path
) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "README.md").write_text("My own notes.\n")
    with pytest.raises(UsageError, match=r"README\.md was not written by blurbench"):
        publish_board(*stored, tmp_path / "pages")
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["README.md"]
