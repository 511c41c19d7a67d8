"""Commands in processes of their own that need not import torch and its like again: forked from one that has.

What a new Python does is done in the fork, too: the folders of PYTHONPATH go to the front, `sitecustomize` is imported.
"""

from __future__ import annotations

import multiprocessing
import os
import site
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from blurbench import checkout
from blurbench.running.slots import main_hidden

__all__ = ["command"]

IMPORTED = [
    *("pandas", "scipy.ndimage", "timm", "torch", "torch._dynamo"),
    *("blurbench.api", "blurbench.board.publish", "blurbench.cli.app", "blurbench.running.in_process"),
    *(point.module for point in checkout.entry_points()),
]
"""By the process that others are forked from. No registry is made there: each command finds what is installed."""

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(IMPORTED)


def command(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float = 600
) -> subprocess.CompletedProcess[str]:
    """`blurbench ARGUMENTS` in a folder. Raises TimeoutExpired."""
    with TemporaryDirectory() as place:
        process = _context.Process(target=_run, args=(list(arguments), folder, dict(environment), Path(place)))
        with main_hidden():  # else each child would import what runs the tests
            process.start()
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(arguments), timeout)
        said = [Path(place, stream).read_text() for stream in ("stdout", "stderr")]
    return subprocess.CompletedProcess(list(arguments), process.exitcode, *said)


def _run(arguments: list[str], folder: Path, environment: dict[str, str], place: Path) -> None:
    for descriptor, stream in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(place / stream, os.O_WRONLY | os.O_CREAT | os.O_APPEND), descriptor)
    sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    sys.modules.pop("sitecustomize", None)
    site.execsitecustomize()
    sys.argv = ["blurbench", *arguments]

    from blurbench.cli import main

    main()
