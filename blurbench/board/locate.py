"""Which board of a results folder is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blurbench.errors import UsageError
from blurbench.results.store import Store

__all__ = ["all_boards", "board_at", "check_board", "is_of_estimators", "only_board"]


def all_boards(store: Store) -> list[str]:
    """The names of the boards of every kind."""
    return [name for shelf in store.shelves for name in shelf.boards()]


def is_of_estimators(store: Store, board: str) -> bool:
    """Whether a board is of estimators of blur, not of classifiers."""
    return board in store.estimations.boards()


def check_board(store: Store, board: str, of_any_kind: bool = False) -> None:
    """Raise UsageError, naming the boards that there are, where there is none of that name that can be read."""
    boards = all_boards(store)
    if board not in boards:
        raise UsageError(f"no board {board!r} in {store.root}; there is: {_listed(boards)}")
    if store.shelf_of(board).board(board) is None:
        raise UsageError(f"the manifest of board {board!r} is damaged; the run that made it writes it again")
    if not of_any_kind and is_of_estimators(store, board):
        raise _of_estimators(store, [board])


def board_at(
    path: Path, board: str | None = None, elsewhere: Sequence[str] = (), of_any_kind: bool = False
) -> tuple[Store, str]:
    """The store and the board that a path names: a results folder, or FOLDER/boards/NAME.json. Where a folder holds
    several, the one called `board`, or the one that is among those `elsewhere`, too."""
    if path.suffix == ".json" and path.parent.name in ("boards", "estimations"):
        store, name = Store(path.parent.parent), path.stem
    else:
        store = Store(path)
        if not (store.root / "boards").is_dir():
            raise UsageError(f"{path} is no results folder and no board in one")
        name = board or _chosen(store, path, elsewhere, of_any_kind)
    check_board(store, name, of_any_kind)
    return store, name


def _chosen(store: Store, path: Path, elsewhere: Sequence[str], of_any_kind: bool) -> str:
    boards = _begun(store, all_boards(store) if of_any_kind else store.boards())
    if len(boards) > 1:
        boards = [name for name in boards if name in elsewhere] or boards
    if not boards:
        raise _no_board(store)
    if len(boards) > 1:
        raise UsageError(f"{path} holds these boards: {', '.join(boards)}; choose one with --board")
    return boards[0]


def only_board(store: Store, of_any_kind: bool = False) -> str:
    """The name of the one board that a results folder holds."""
    boards = _begun(store, all_boards(store) if of_any_kind else store.boards())
    if not boards:
        raise _no_board(store)
    if len(boards) > 1:
        raise UsageError(f"name the board that you want; in {store.root} there are: {', '.join(boards)}")
    return boards[0]


def _listed(boards: Sequence[str]) -> str:
    return ", ".join(boards) or "none yet; `blurbench run` makes one"


def _no_board(store: Store) -> UsageError:
    if others := store.estimations.boards():
        return _of_estimators(store, others)
    return UsageError(f"there is no board in {store.root}; `blurbench run` makes one")


def _of_estimators(store: Store, boards: Sequence[str]) -> UsageError:
    known = ", ".join(boards)
    return UsageError(f"this command is for boards of classifiers; those in {store.root} are of estimators: {known}")


def _begun(store: Store, boards: list[str]) -> list[str]:
    """The boards with a record, if any has one: a run that could not start leaves a board without."""
    return [name for name in boards if _is_begun(store, name)] or boards if len(boards) > 1 else boards


def _is_begun(store: Store, name: str) -> bool:
    shelf = store.shelf_of(name)
    board = shelf.board(name)
    return board is None or any(shelf.record(line.key) is not None for line in board.lines)
