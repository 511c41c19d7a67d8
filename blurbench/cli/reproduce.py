"""`blurbench reproduce`: a paper's protocol, and its figures beside what was measured."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.cli import options
from blurbench.cli.run import measure
from blurbench.matrix.board_id import in_file_names
from blurbench.papers.paper import StoredBoard
from blurbench.registry.discovery import discover, use
from blurbench.running.session import Request, Session
from blurbench.store.store import Store
from blurbench.store.written import write_all

if TYPE_CHECKING:
    from blurbench.contract import Paper
    from blurbench.papers.report import Report

__all__ = ["reproduce"]

FOLDER = "papers"


OF_THE_PAPER = ("suite", "classifier", "strategy", "train_blur", "test_blur", "estimator", "fitted_on", "limit")


@partial(options.selecting, without=OF_THE_PAPER)
def reproduce(
    request: Request,
    name: Annotated[str, typer.Argument(metavar="PAPER", help="By its name; see `blurbench ls papers`.")],
    measuring: Annotated[
        bool, typer.Option("--run/--no-run", help="Measure what is missing first, or only tell what is stored.")
    ] = True,
    publish: Annotated[
        Path | None, typer.Option(help="Also write the report into the folder `papers` in this folder.")
    ] = None,
) -> None:
    """Run a paper's protocol and print its tables, published beside measured, and what became of its claims.

    Nothing that is stored is computed again. The report is written as markdown and JSON, with the paper's curves.
    """
    use(request.plugins)
    chosen: Paper[StoredBoard, Report] = discover().resolve("papers", name)
    request = replace(request, suite=chosen.suite, verb=("reproduce", name))
    failed: typer.Exit | None = None
    if measuring:
        try:
            measure(request, "missing")
        except typer.Exit as stop:
            if stop.exit_code > 128:  # interrupted
                raise
            failed = stop  # what was measured is told all the same
    session = Session(request)
    report = chosen.report(StoredBoard(session.store, session.board, session.registry))
    _tell(report, session.store, session.budget.name, publish)
    if failed is not None:
        raise failed


def _tell(report: Report, store: Store, budget: str, publish: Path | None) -> None:
    from blurbench.papers import markdown

    typer.echo(markdown.summary(report))
    stem = f"{report.name}.{in_file_names(budget)}"
    places = [store.root / FOLDER, *([publish / FOLDER] if publish is not None else [])]
    paths = [path for place in places for path in _write(report, place, stem)]
    typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))


def _write(report: Report, folder: Path, stem: str) -> list[Path]:
    from blurbench.papers import markdown
    from blurbench.papers.curves import drawing_of
    from blurbench.papers.report import to_json

    pictures = {f"{stem}.png": drawing_of(report.curves, report.unit_of_curves)} if report.curves else {}
    files: dict[str, str | bytes] = {
        f"{stem}.md": markdown.render(report, tuple(pictures)),
        f"{stem}.json": to_json(report),
    }
    return write_all(folder, {**files, **pictures})
