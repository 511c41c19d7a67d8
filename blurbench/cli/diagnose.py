"""`blurbench diagnose`: my pictures and my network: what does blur cost, and what pays without training?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from blurbench.board.render.escape import one_line
from blurbench.cli import options
from blurbench.cli.stopping import keeping
from blurbench.registry import named
from blurbench.registry.discovery import discover
from blurbench.running.session import Request

__all__ = ["diagnose"]


@options.with_plugins
def diagnose(
    images: Annotated[
        Path,
        typer.Option(help="A folder of pictures; with one folder a class in it, or in its part test, all is measured."),
    ],
    classifier: Annotated[
        str, typer.Option(help="The trained network: checkpoint[network='timm:resnet18', weights=mine.safetensors] ...")
    ],
    classes: Annotated[
        Path | None,
        typer.Option(
            help="Where the pictures lack some of the network's classes: a text file with the names of all, one a line "
            "in the network's order, or the folder that it was trained on, with one folder a class."
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the report and all that it rests on.")] = Path(
        "blurbench-diagnosis"
    ),
    side: Annotated[int, typer.Option(min=32, max=1024, help="Pixels a side that the network sees.")] = 224,
    budget: Annotated[str, typer.Option("--budget", "-b", help="quick: 300 test pictures; standard: all.")] = "quick",
    suite: Annotated[str, typer.Option("--suite", "-s", help="Whose remedies and blurs are tried.")] = "diagnosis",
    estimator: Annotated[str, typer.Option(help="What reads how blurred a picture is.")] = "spectral",
    device: options.Device = "auto",
    jobs: options.Jobs = None,
    threads: options.Threads = 1,
    timing: options.Timing = True,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:
    """How blurred are my pictures, what does that cost my network, and which remedies pay without training?

    Writes a page and JSON into --out. Without labels (a folder a class) it says how blurred they are, and what is
    missing for the rest.
    """
    from blurbench.own.diagnosis import check_wanted, diagnose, look, write
    from blurbench.own.photographs import check_network, photographs_in

    registry, network = discover(), named(classifier)[1]
    registry.resolve("classifiers", network)
    means: dict[str, Any] = {"device": device, "jobs": jobs, "threads": threads, "timing": timing}
    wanted = Request(suite, budget, out.expanduser() / "results", only={"classifier": (classifier,)}, **means)
    photographs = photographs_in(registry, images.expanduser(), classes and classes.expanduser())
    check_wanted(photographs.folder, wanted)
    if not photographs.lacking:
        check_network(registry, network, side, len(photographs.class_names))
    found = look(photographs, side, estimator, _watched)
    with keeping(out):
        answer = diagnose(found, wanted)
    paths = write(answer, out.expanduser())
    for reason in (*found.refused, *(answer.failures if answer.blocks else ())):  # else the answer is why
        print(f"blurbench: {one_line(reason, 2000)}", file=sys.stderr)
    if as_json:
        typer.echo(json.dumps(answer.facts(), indent=1))
        return
    typer.echo("\n\n".join(answer.advice()))
    typer.echo("\n".join(["", "Written:", *(f"  {path}" for path in paths)]))


def _watched(paths: Sequence[Path]) -> Iterable[Path]:
    """A bar on a terminal, one line elsewhere: each takes a part of a second."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if not console.is_terminal:
        print(f"Reading {len(paths)} pictures", file=sys.stderr)
    return track(paths, "Reading pictures", console=console, transient=True, disable=not console.is_terminal)
