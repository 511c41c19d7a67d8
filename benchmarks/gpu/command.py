"""`blurbench gpu`: everything that one call on a machine with a GPU can tell, inside a number of minutes."""

from __future__ import annotations

import shlex
import time as clock
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.gpu.matrix import Matrix, StageResult
from benchmarks.gpu.output import check_out, write
from blurbench.cli import options
from blurbench.running.devices import chosen_device

__all__ = ["app", "gpu"]

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def gpu(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the report, results, log and bundle.")] = Path(
        "blurbench-gpu"
    ),
    minutes: Annotated[float, typer.Option(min=0.1, help="It ends after so many.")] = 9,
    device: options.Device = "auto",
    only: Annotated[
        list[str] | None, typer.Option(help="checks, hot_path, training or suite (repeatable) [all].")
    ] = None,
    work: Annotated[
        Path, typer.Option(help="Folder of what is measured so far: the same command goes on from there.")
    ] = Path("blurbench-gpu-work"),
    data_dir: options.DataDirs = None,
) -> None:
    """Check the kernels, time blurs and training steps, then measure the suite gpu-standard as far as the time allows.

    Needs no network and no installation: `python -m blurbench gpu` in a checkout. What fails costs itself alone.
    """
    check_out(out)
    began = clock.monotonic()
    where, folders = chosen_device(device), [folder.resolve() for folder in data_dir or ()]
    matrix = Matrix(work.resolve(), where, minutes, tuple(only or ()), folders, began)
    words = ["blurbench", "gpu", "--device", where, "--minutes", f"{minutes:g}"]
    command = shlex.join([*words, *(word for name in matrix.only for word in ("--only", name))])
    results: list[StageResult] = []
    for result in matrix.run():
        results.append(result)
        typer.echo(f"{result.name}: {result.seconds:.0f} s; {_said(result)}", err=True)
        paths = write(out, matrix, results, command, clock.monotonic() - began)
    typer.echo("\n".join(["Written:", *(f"  {path}" for path in paths)]))
    if any(result.failed for result in results):
        raise typer.Exit(1)


def _said(result: StageResult) -> str:
    states = [entry.state for entry in result.journal.entries.values()]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    return "; ".join(part for part in (counts or "nothing measured", result.reason) if part)
