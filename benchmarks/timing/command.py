"""`blurbench time`: how fast blurbench is on this machine, beside the libraries that people use today."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import sys
import time as clock
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.cli import options
from blurbench.cli.stopping import Terminated
from blurbench.errors import UsageError
from blurbench.store.written import check_replaceable, write_all

if TYPE_CHECKING:
    from benchmarks.timing.measure import Step
    from benchmarks.timing.results import Report

__all__ = ["app", "time"]

RESTORER, CLASSIFIER = "unet", "cnn3"
"""Those that are fitted the way that is usual today, too."""


app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def time(
    only: Annotated[
        list[str] | None, typer.Option(help="blur, restorers, classifiers or fitting (repeatable) [all].")
    ] = None,
    sizes: Annotated[list[str] | None, typer.Option(help="M, C, I19, I31, HD ...; several with commas.")] = None,
    family: Annotated[
        list[str] | None, typer.Option(help="Blurs whose name begins so: gaussian, 'disc, largest' (repeatable).")
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads [one a core].")] = None,
    device: options.Device = "auto",
    quick: Annotated[bool, typer.Option("--quick", help="A first look in under a minute.")] = False,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="FILE.md; FILE.json is written beside it.")] = None,
) -> None:
    """Time blurs, networks and fits beside kornia, deepinv, OpenCV, torchvision, scipy and plain torch.

    Results are compared first; whoever gives another one is marked.
    `pip install 'blurbench[peers]'` installs the peers.
    """
    if out is not None and out.suffix != ".md":
        raise UsageError(f"--out {out}: the name must end in .md; the same with .json is written beside it")
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"--out {out}: there is no folder {out.parent}")
    check_replaceable([] if out is None else [out, out.with_suffix(".json")])
    from benchmarks.timing.request import Request
    from blurbench.registry.discovery import discover

    request = Request(
        command=_command(out),
        threads=threads or os.cpu_count() or 1,
        device=device,
        only=tuple(only or ()),
        sizes=tuple(name for part in sizes or () for name in part.split(",") if name),
        families=tuple(family or ()),
        quick=quick,
        restorer=RESTORER,
        classifier=CLASSIFIER,
    )
    from benchmarks.timing.markdown import summary
    from benchmarks.timing.measure import prepare

    report, listed = prepare(discover(), request)
    try:
        _measure(report, listed)
    except (KeyboardInterrupt, Terminated):
        report.note("interrupted: the rest was not measured")
        raise
    finally:  # what was measured is kept, whatever happens
        if report.groups:
            _write(report, out)
            typer.echo(summary(report))


def _measure(report: Report, listed: list[Step]) -> None:
    from benchmarks.timing.markdown import progress
    from benchmarks.timing.measure import steps

    for warning in report.busy:
        typer.echo(f"Careful: {warning}", err=True)
    began = clock.monotonic()
    for number, group in enumerate(steps(report, listed), start=1):
        seconds = clock.monotonic() - began
        typer.echo(f"[{number}/{len(listed)} {seconds // 60:.0f}:{seconds % 60:02.0f}] {progress(group)}", err=True)


def _write(report: Report, out: Path | None) -> None:
    if out is None:
        return
    from benchmarks.timing.markdown import render

    numbers = json.dumps(dataclasses.asdict(report), indent=1) + "\n"
    write_all(out.parent, {out.name: render(report), out.with_suffix(".json").name: numbers})
    typer.echo(f"Written: {out} and {out.with_suffix('.json').name}", err=True)


def _command(out: Path | None) -> str:
    """The command line; a folder of this machine is nobody else's business."""
    hidden = {str(out): out.name, f"--out={out}": f"--out={out.name}"} if out is not None else {}
    return shlex.join(["blurbench", *(hidden.get(argument, argument) for argument in sys.argv[1:])])
