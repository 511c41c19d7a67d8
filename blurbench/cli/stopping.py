"""Ctrl-C and SIGTERM end a command alike: with a word, and nothing lost."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import typer

__all__ = ["TERMINATED", "Terminated", "hear_signals", "keeping"]

INTERRUPTED, TERMINATED = (128 + number for number in (signal.SIGINT, signal.SIGTERM))
"""Exit codes, as shells give them."""


class Terminated(BaseException):
    """SIGTERM came. No KeyboardInterrupt, of which the command line makes an exit code of its own."""


def hear_signals() -> None:
    """Have Ctrl-C and SIGTERM raise, once: whoever asks again while the command is ending waits for nothing less."""
    for number, usual in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(number) is usual:
            signal.signal(number, _raise)
    sys.unraisablehook = _ask_again


def _raise(number: int, frame: FrameType | None) -> None:
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, signal.SIG_IGN)
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated


def _ask_again(lost: sys.UnraisableHookArgs) -> None:
    """Python drops what is raised inside a destructor or a callback. A signal that came there comes again soon."""
    number = {KeyboardInterrupt: signal.SIGINT, Terminated: signal.SIGTERM}.get(lost.exc_type)
    if number is None:
        sys.__unraisablehook__(lost)
        return

    def again(_: int, frame: FrameType | None) -> None:
        signal.signal(number, _raise)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGALRM, again)
    signal.setitimer(signal.ITIMER_REAL, 0.05)


@contextmanager
def keeping(out: Path) -> Iterator[None]:
    """Where the block is interrupted, say that what it stored in `out` is kept and how to go on."""
    try:
        yield
    except (KeyboardInterrupt, Terminated) as stop:
        print(f"Interrupted. What was measured is kept in {out}; the same command goes on from there.", file=sys.stderr)
        raise typer.Exit(TERMINATED if isinstance(stop, Terminated) else INTERRUPTED) from None
