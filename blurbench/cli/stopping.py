"""Ctrl-C and SIGTERM end a command alike: with a word, and nothing lost."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer

__all__ = ["TERMINATED", "Terminated", "hear_sigterm", "keeping"]

INTERRUPTED, TERMINATED = (128 + number for number in (signal.SIGINT, signal.SIGTERM))
"""Exit codes, as shells give them."""


class Terminated(BaseException):
    """SIGTERM came. No KeyboardInterrupt, of which the command line makes an exit code of its own."""


def hear_sigterm() -> None:
    """Raise Terminated where the signal would end the process without a word."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _raise)


def _raise(number: int, frame: FrameType | None) -> None:
    raise Terminated


@contextmanager
def keeping(out: Path) -> Iterator[None]:
    """Where the block is interrupted, say that what it stored in `out` is kept and how to go on."""
    try:
        yield
    except (KeyboardInterrupt, Terminated) as stop:
        print(f"Interrupted. What was measured is kept in {out}; the same command goes on from there.", file=sys.stderr)
        raise typer.Exit(TERMINATED if isinstance(stop, Terminated) else INTERRUPTED) from None
