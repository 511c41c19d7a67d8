"""The command line: one module a command, imported when it is used."""

from __future__ import annotations

import sys

from blurbench.errors import BlurbenchError

__all__ = ["main"]


def main() -> None:
    """Entry point of `blurbench`. Errors of ours end in one line on stderr and an exit code, never in a traceback."""
    from blurbench.cli.app import app

    try:
        app(prog_name="blurbench")
    except BlurbenchError as error:
        print(f"blurbench: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("blurbench: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # `blurbench ls | head`
        sys.stderr.close()
        sys.exit(0)
