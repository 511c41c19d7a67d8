"""`blurbench validate`: can these results be believed?"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.board.render.escape import one_line
from blurbench.cli import options
from blurbench.registry.discovery import discover
from blurbench.results.store import Store
from blurbench.running.session import data_folders

if TYPE_CHECKING:  # numpy: not for --help
    from blurbench.results.held import Held
    from blurbench.results.validation import Known

__all__ = ["judged", "known_here", "report", "validate"]


def validate(
    path: Annotated[Path, typer.Argument(help="A record, a results folder, one of its boards, or a bundle.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Results folder whose decoded data are used.")] = Path(
        "blurbench-results"
    ),
    data_dir: options.DataDirs = None,
) -> None:
    """Check records that somebody else made: one line for each that is refused, with the reason."""
    with known_here(out, data_dir) as known:
        held, notes = judged(path, known)
    report(held, notes)
    if held.refusals:
        raise typer.Exit(1)


@contextmanager
def known_here(out: Path, data_dir: list[Path] | None) -> Iterator[Known]:
    """This installation, with the decoded data of a results folder, or with a place for them that is cleared away."""
    from blurbench.results.validation import Known

    folders = data_folders(tuple(data_dir or ()))
    with tempfile.TemporaryDirectory(prefix="blurbench-") as scratch:
        store = Store(out if (out / "records").is_dir() else Path(scratch) / "results")
        store.create()
        yield Known(discover(), store, folders)


def judged(path: Path, known: Known) -> tuple[Held, list[str]]:
    """What a path holds that can be believed, its refusals, and what could not be checked."""
    from blurbench.results.held import hold
    from blurbench.results.validation import validate

    held = hold(path)
    return held, validate(held, known)


def report(held: Held, notes: list[str]) -> None:
    """One line a refusal, then how many passed, then what was not checked."""
    for refusal in held.refusals:
        typer.echo(f"{one_line(refusal.file)}: {one_line(refusal.reason, 300)}")
    measured = sum(record.status == "ok" for record in held.records.values())
    parts = [
        f"{measured} measured cell{'s' * (measured != 1)}",
        f"{len(held.records) - measured} without a measurement",
        f"{len(held.timings)} timing{'s' * (len(held.timings) != 1)}",
        f"{len(held.boards)} board{'s' * (len(held.boards) != 1)}",
    ]
    typer.echo(f"Sound: {', '.join(parts)}. Refused: {len(held.refusals)}.")
    for note in notes:
        typer.echo(f"Not checked: {one_line(note, 300)}")
