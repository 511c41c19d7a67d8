"""A command from its first signal to its exit code."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from blurbench.board.render.escape import one_line
from blurbench.cli.stopping import TERMINATED, Terminated, hear_signals
from blurbench.errors import BlurbenchError

__all__ = ["call"]


def call() -> None:
    """Do what the arguments say. Errors of ours end in one line on stderr and an exit code, never in a traceback.

    Raises KeyboardInterrupt at Ctrl-C.
    """
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a sign shows ? for it
    hear_signals()
    try:
        from blurbench.cli.app import app

        try:
            app(prog_name="blurbench")
        finally:
            sys.stdout.flush()  # a reader that has gone is met here, where it can be told, and not on the way out
    except BlurbenchError as error:
        print(f"blurbench: {one_line(str(error), 2000)}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        _without_reader()
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # which typer makes an exit of
            _without_reader()
        raise
    except FileExistsError as error:
        print(f"blurbench: {error.filename}: this is a file; a folder is wanted", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"blurbench: {where}{error.strerror or error}", file=sys.stderr)
        sys.exit(1)
    except Terminated:
        print("blurbench: terminated", file=sys.stderr)
        sys.exit(TERMINATED)


def _without_reader() -> None:
    """`blurbench ls | head`: the reader has seen enough. Ends quietly, also what Python still has to write."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    sys.exit(0)
