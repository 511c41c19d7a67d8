"""`blurbench leaderboard`: write a board again from stored records; runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blurbench.cli import options
from blurbench.cli.board import publish_board, write_board
from blurbench.cli.estimation import estimation_boards, publish_estimations
from blurbench.errors import UsageError
from blurbench.results.store import Store

__all__ = ["leaderboard", "only_board"]


def leaderboard(
    board: Annotated[str | None, typer.Argument(help="Name of the board; may be left out if there is one.")] = None,
    out: options.Out = Path("blurbench-results"),
    publish: Annotated[
        Path | None, typer.Option(help="Also write the board into this folder, with its pictures.")
    ] = None,
    baseline_classifier: Annotated[
        str | None,
        typer.Option(help="Classifier whose baseline row is the reference of CE and mCE [each row's own]."),
    ] = None,
) -> None:
    """Render a board from the records in the results folder."""
    store = Store(out)
    if board in (estimators := estimation_boards(store)) or (
        board is None and not store.boards() and len(estimators) == 1
    ):
        paths = publish_estimations(store, board or estimators[0], publish or store.root / "boards")
        typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))
        return
    name = board or only_board(store)
    summary, paths = write_board(store, name, baseline_classifier)
    typer.echo(summary)
    if publish is not None:
        paths += publish_board(store, name, publish, baseline_classifier)
    typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))


def only_board(store: Store) -> str:
    """The name of the one board that a results folder holds."""
    boards = store.boards()
    if len(boards) != 1:
        known = ", ".join(boards) or "none yet; `blurbench run` makes one"
        raise UsageError(f"name the board that you want; in {store.root} there is: {known}")
    return boards[0]
