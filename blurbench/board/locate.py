"""Which board of a results folder is meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blurbench.errors import UsageError
from blurbench.store.store import Store

__all__ = ["ACCURACY", "ESTIMATION", "board_at", "board_in", "measure_of"]

ACCURACY, ESTIMATION = "accuracy", "blur-estimation"
"""What boards can be of."""

SHOWN = {ACCURACY: "classifiers", ESTIMATION: "estimators"}


def measure_of(store: Store, board: str) -> str:
    """What a board is of. Raises UsageError, naming the boards that there are, where there is none of that name that
    can be read."""
    if board not in (boards := store.records.boards()):
        known = ", ".join(boards) or "none yet; `blurbench run` makes one"
        raise UsageError(f"no board {board!r} in {store.root}; there is: {known}")
    manifest = store.records.board(board)
    if manifest is None:
        raise UsageError(f"the manifest of board {board!r} is damaged; the run that made it writes it again")
    return manifest.measure


def _check(store: Store, board: str, measure: str) -> None:
    """Raise UsageError where there is no such board, or it is not of `measure`, if that is given."""
    if (found := measure_of(store, board)) != measure and measure:
        raise UsageError(f"this command is for boards of {SHOWN[measure]}; {board} is of {SHOWN[found]}")


def board_at(
    path: Path, board: str | None = None, elsewhere: Sequence[str] = (), measure: str = ""
) -> tuple[Store, str]:
    """The store and the board that a path names: a results folder, or FOLDER/boards/NAME.json. Where a folder holds
    several, the one called `board`, or the one that is among those `elsewhere`, too; with `measure` one of it."""
    if path.suffix == ".json" and path.parent.name == "boards":
        store, name = Store(path.parent.parent), path.stem
    else:
        store = Store(path)
        if not (store.root / "boards").is_dir():
            raise UsageError(f"{path} is no results folder and no board in one")
        name = board or _chosen(store, measure, elsewhere, f"{path} holds these boards: {{}}; choose one with --board")
    _check(store, name, measure)
    return store, name


def board_in(folder: Path, board: str | None) -> tuple[Store, str]:
    """A results folder, and its board of that name, or its only one. Raises UsageError where there is none such."""
    store = Store(folder)
    name = board or _chosen(store, "", (), f"name the board that you want; in {store.root} there are: {{}}")
    _check(store, name, "")
    return store, name


def _chosen(store: Store, measure: str, elsewhere: Sequence[str], several: str) -> str:
    boards = [name for name in store.records.boards() if not measure or _is_of(store, name, measure)]
    if len(boards) > 1:  # a run that could not start leaves a board without a record
        boards = [name for name in boards if _is_begun(store, name)] or boards
        boards = [name for name in boards if name in elsewhere] or boards
    if len(boards) == 1:
        return boards[0]
    if boards:
        raise UsageError(several.format(", ".join(boards)))
    if others := store.records.boards():
        _check(store, others[0], measure)
    raise UsageError(f"there is no board in {store.root}; `blurbench run` makes one")


def _is_of(store: Store, name: str, measure: str) -> bool:
    board = store.records.board(name)
    return board is None or board.measure == measure


def _is_begun(store: Store, name: str) -> bool:
    board = store.records.board(name)
    return board is None or any(store.records.get(line.key) is not None for line in board.lines)
