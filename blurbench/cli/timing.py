"""`blurbench time` and `blurbench gpu`: what lies in benchmarks/, where the source of blurbench is at hand."""

from __future__ import annotations

import sys
from importlib import import_module

import typer

from blurbench.checkout import SOURCE
from blurbench.errors import Unavailable

__all__ = ["gpu", "time"]


def time(context: typer.Context) -> None:
    """Time blurs, networks and fits beside kornia, deepinv, OpenCV, torchvision, scipy and plain torch.

    Needs a checkout of the source, and takes the options of its benchmarks/timing: see `blurbench time --help` there.
    """
    _hand_over(context, "timing", "time", "`pip install -e '.[peers]'` there")


def gpu(context: typer.Context) -> None:
    """Check, time and measure all that one call on a machine with a GPU can tell, inside a number of minutes.

    Needs a checkout of the source, and takes the options of its benchmarks/gpu: see `blurbench gpu --help` there.
    """
    _hand_over(context, "gpu", "gpu", "`git clone`, with nothing to install but the packages")


def _hand_over(context: typer.Context, folder: str, command: str, after: str) -> None:
    if not (SOURCE / "benchmarks" / folder).is_dir():
        raise Unavailable(
            f"the benchmarks are not installed: `blurbench {command}` runs in a checkout of the source, after {after}"
        )
    sys.path.insert(0, str(SOURCE))  # an installed package may be called `benchmarks` too
    app = typer.main.get_command(import_module(f"benchmarks.{folder}.command").app)
    raise typer.Exit(app.main(context.args, f"blurbench {command}", standalone_mode=False) or 0)
