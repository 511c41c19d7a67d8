"""The command line: one module a command, imported when it is used."""

import sys

__all__ = ["main"]


def main() -> None:
    """Entry point of `blurbench`. Whatever is imported is imported in here, where Ctrl-C ends it with a word."""
    try:
        from blurbench.cli.command import call

        call()
    except KeyboardInterrupt:
        print("blurbench: interrupted", file=sys.stderr)
        sys.exit(130)
