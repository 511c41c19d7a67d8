"""`blurbench time`: what benchmarks/timing measures, where the source of blurbench is at hand."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import typer

from blurbench.errors import Unavailable

__all__ = ["time"]

SOURCE = Path(__file__).parents[2]
"""The checkout, where blurbench runs out of one; its benchmarks are no part of the installed package."""


def time(context: typer.Context) -> None:
    """Time blurs, networks and fits beside kornia, deepinv, OpenCV, torchvision, scipy and plain torch.

    Needs a checkout of the source, and takes the options of its benchmarks/timing: see `blurbench time --help` there.
    """
    if not (SOURCE / "benchmarks" / "timing").is_dir():
        raise Unavailable(
            "the benchmarks are not installed: `blurbench time` runs in a checkout of the source, after "
            "`pip install -e '.[peers]'` there"
        )
    sys.path.insert(0, str(SOURCE))  # an installed package may be called `benchmarks` too
    command = typer.main.get_command(import_module("benchmarks.timing.command").app)
    raise typer.Exit(command.main(context.args, "blurbench time", standalone_mode=False) or 0)
