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
from blurbench.errors import counted
from blurbench.registry.discovery import discover
from blurbench.running.folders import data_folders
from blurbench.store.store import Store

if TYPE_CHECKING:  # numpy: not for --help
    from blurbench.submissions.installation import Installation
    from blurbench.submissions.submission import Submission

__all__ = ["installed_here", "judged", "report", "validate"]


@options.with_plugins
def validate(
    path: Annotated[Path, typer.Argument(help="A record, a results folder, one of its boards, or a bundle.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Results folder whose decoded data are used.")] = Path(
        "blurbench-results"
    ),
    data_dir: options.DataDirs = None,
) -> None:
    """Check records that somebody else made: one line for each that is refused, with the reason."""
    with installed_here(out, data_dir) as installation:
        submission, notes = judged(path, installation)
    report(submission, notes)
    if submission.refusals:
        raise typer.Exit(1)


@contextmanager
def installed_here(out: Path, data_dir: list[Path] | None) -> Iterator[Installation]:
    """This installation, with the decoded data of a results folder, or with a place for them that is cleared away."""
    from blurbench.submissions.installation import Installation

    folders = data_folders(tuple(data_dir or ()))
    with tempfile.TemporaryDirectory(prefix="blurbench-") as scratch:
        store = Store(out if (out / "records").is_dir() else Path(scratch) / "results")
        store.create()
        yield Installation(discover(), store, folders)


def judged(path: Path, installation: Installation) -> tuple[Submission, list[str]]:
    """What a path holds that can be believed, its refusals, and what could not be checked."""
    from blurbench.submissions.check import check
    from blurbench.submissions.submission import open_submission

    submission = open_submission(path)
    return submission, check(submission, installation)


def report(submission: Submission, notes: list[str]) -> None:
    """One line a refusal, then how many passed, then what was not checked."""
    for refusal in submission.refusals:
        typer.echo(f"{one_line(refusal.file)}: {one_line(refusal.reason, 300)}")
    measured = sum(record.status == "ok" for record in submission.records.values())
    parts = [
        counted(measured, "measured cell"),
        f"{len(submission.records) - measured} without a measurement",
        counted(len(submission.timings), "timing"),
        counted(len(submission.boards), "board"),
    ]
    typer.echo(f"Sound: {', '.join(parts)}. Refused: {len(submission.refusals)}.")
    for note in notes:
        typer.echo(f"Not checked: {one_line(note, 300)}")
