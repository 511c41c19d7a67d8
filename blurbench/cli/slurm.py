"""`blurbench run --slurm N`: an array of Slurm jobs that share the work of one command."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from blurbench.errors import UsageError, shortened
from blurbench.running.session import Request, Rerun, Session
from blurbench.store.files import write_atomically
from blurbench.store.store import Store

__all__ = ["script", "submit"]


def submit(request: Request, rerun: Rerun, jobs: int, options: Sequence[str], dry_run: bool) -> None:
    """Write the script into the results folder and hand it to sbatch; or only print it.

    Raises:
        UsageError: the request is wrong, or sbatch is not here or refuses the script.
    """
    session = Session(request)  # a wrong request is told here, not in N logs
    text = script(request, rerun, jobs, options)
    if dry_run:
        typer.echo(text, nl=False)
        return
    if shutil.which("sbatch") is None:
        raise UsageError("there is no sbatch on this machine; --dry-run prints the script, for a machine that has it")
    session.store.create()
    typer.echo(_submitted(session.store, text))


def script(request: Request, rerun: Rerun, jobs: int, options: Sequence[str]) -> str:
    """A shell script for sbatch. Every job of the array runs the same command on the same folder, from here."""
    words = [*request.words, *(["--rerun", rerun] if rerun != "missing" else [])]
    words += [] if request.walltime is None else ["--walltime", f"{request.walltime:g}"]
    log = request.out.expanduser().absolute() / "logs" / "slurm-%A_%a.log"
    lines = [
        "#!/bin/sh",
        "#SBATCH --job-name=blurbench",
        f"#SBATCH --array=1-{jobs}",
        f"#SBATCH --output={shlex.quote(str(log))}",
        *([f"#SBATCH {shlex.join(options)}"] if options else []),
        f"cd {shlex.quote(str(Path.cwd()))} || exit 1",
        f"exec {shlex.join([sys.executable, '-m', 'blurbench', *words])}",
    ]
    return "\n".join(lines) + "\n"


def _submitted(store: Store, text: str) -> str:
    """What sbatch answers."""
    path = store.root / "slurm.sh"
    write_atomically(path, text)
    answer = subprocess.run(["sbatch", str(path)], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise UsageError(f"sbatch refuses {path}: {shortened(answer.stderr or answer.stdout)}")
    return answer.stdout.rstrip()
