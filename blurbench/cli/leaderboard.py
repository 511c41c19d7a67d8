"""`blurbench leaderboard`: write a board again from stored records; runs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blurbench.cli import options
from blurbench.cli.board import begun, no_board, publish_board, write_board
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
    estimators = estimation_boards(store)
    name = board or only_board(store, [*store.boards(), *estimators])
    if name in estimators:
        paths = publish_estimations(store, name, publish or store.root / "boards")
        typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))
        return
    summary, paths = write_board(store, name, baseline_classifier)
    typer.echo(summary)
    if publish is not None:
        paths += publish_board(store, name, publish, baseline_classifier)
    typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))


def only_board(store: Store, boards: list[str] | None = None) -> str:
    """The name of the one board that a results folder holds; `boards` are those that count, not estimators' if None."""
    boards = begun(store, store.boards() if boards is None else boards)
    if not boards:
        raise no_board(store)
    if len(boards) > 1:
        raise UsageError(f"name the board that you want; in {store.root} there are: {', '.join(boards)}")
    return boards[0]
