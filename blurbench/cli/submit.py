"""`blurbench submit`: a board's records as one file for others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.board.locate import board_in
from blurbench.board.render.escape import one_line
from blurbench.cli import options
from blurbench.errors import UsageError, counted
from blurbench.store.written import write_all

if TYPE_CHECKING:
    from blurbench.submissions.merge import Outgoing

__all__ = ["submit"]


@options.with_plugins
def submit(
    board: Annotated[str | None, typer.Argument(help="Name of the board; may be left out if there is one.")] = None,
    out: options.Out = Path("blurbench-results"),
    write: Annotated[Path | None, typer.Option(help="Write the bundle to this file, which ends in .zip.")] = None,
) -> None:
    """List what a bundle of a board would hold; with --write, make it. Nothing is sent anywhere."""
    from blurbench.submissions.merge import gather

    store, name = board_in(out, board)
    outgoing = gather(store, name)
    if not outgoing.files:
        raise UsageError(f"there is nothing to submit: {_why_nothing(outgoing)}")
    packed = outgoing.pack()
    for kind in dict.fromkeys(name.partition("/")[0] for name in outgoing.files):
        sizes = [len(content) for name, content in outgoing.files.items() if name.startswith(kind)]
        typer.echo(f"{kind}: {counted(len(sizes), 'file')}, {sum(sizes) / 1024:.0f} KiB")
    for command in outgoing.board.commands:
        typer.echo(f"command: {one_line(command, 400)}")
    for environment in outgoing.environments:
        typer.echo("measured with: " + ", ".join(_said(environment)))
    for what, count in outgoing.staying.most_common():
        typer.echo(f"stays here: {count} {one_line(what)}")
    if write is None:
        typer.echo(f"The bundle would have {len(packed) / 1024:.0f} KiB. `--write FILE.zip` makes it.")
        return
    if write.suffix != ".zip":
        raise UsageError(f"{write} does not end in .zip")
    write_all(write.parent, {write.name: packed})
    typer.echo(f"Written: {write} ({len(packed) / 1024:.0f} KiB). `blurbench validate {write}` checks it.")


def _why_nothing(outgoing: Outgoing) -> str:
    """Why all cells of a board stay here."""
    reasons = [f"{count} {one_line(what)}" for what, count in outgoing.staying.most_common()]
    return ", ".join(reasons) or "no cell is on this board"


def _said(environment: dict[str, object]) -> list[str]:
    versions = environment.get("versions")
    packages = versions.items() if isinstance(versions, dict) else []
    others = [f"{name} {value}" for name, value in environment.items() if name != "versions"]
    return [one_line(part) for part in (*(f"{name} {version}" for name, version in packages), *others)]
