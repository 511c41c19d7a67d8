"""What can go wrong, as a tree.

BlurbenchError             one clear line for the user; the command ends with `exit_code`
├── UsageError             the request itself is wrong: an unknown name, a bad parameter, a broken suite file
│   └── UnknownName        a name that no plugin has, with a suggestion
├── PluginError            a plugin breaks the contract: it cannot be imported, clashes, or misspells a hook
├── Unavailable            something that is not on this machine (a data set, weights), and how to get it
├── Skip                   a plugin declines a cell, with the reason; the reason becomes the cell's row
├── DiskFull               there is no room to store what was made
├── RecordError            a stored record or artifact that cannot be trusted
└── NotFinite              a predictor, a restorer or an estimator gave NaN or infinity
"""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable, Sequence

__all__ = [
    "BlurbenchError",
    "DiskFull",
    "NotFinite",
    "PluginError",
    "RecordError",
    "Skip",
    "Unavailable",
    "UnknownName",
    "UsageError",
    "counted",
    "did_you_mean",
    "is_disk_full",
    "listed",
    "shortened",
]


MOST = 40
"""Known names that a message lists."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the closest known name, else the list of known names."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.55)
    if close:
        return f"; did you mean {close[0]!r}?"
    if not names:
        return "; none is installed"
    return f"; known: {', '.join(names[:MOST])}{f', ... ({len(names):,})' if len(names) > MOST else ''}"


def shortened(text: str, most: int = 390) -> str:
    """One line of at most `most` visible characters: no escape code of a stranger's reaches a terminal or a file."""
    visible = "".join(sign if sign.isprintable() else " " for sign in text.encode("utf-8", "replace").decode())
    line = " ".join(visible.split())
    return line if len(line) <= most else line[: most - 3] + "..."


def counted(number: int, what: str) -> str:
    """`1 cell`, `2 cells`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def listed(names: Sequence[str], most: int, between: str = ", ") -> str:
    """The first `most` of some names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return between.join(names[:most]) + more


class BlurbenchError(Exception):
    """Every error that blurbench raises on purpose is one. Its text is one line for the user."""

    exit_code = 1


class UsageError(BlurbenchError):
    """The request is wrong: a name, a parameter or a file that the user wrote."""

    exit_code = 2


class UnknownName(UsageError):
    """A name that is not in the registry of installed plugins (or not a key of a table)."""

    def __init__(self, what: str, name: str, known: Iterable[str], note: str = "") -> None:
        suggestion = did_you_mean(name, known)
        more = note.removeprefix(".") if suggestion.endswith("?") else note
        super().__init__(f"unknown {what} {name!r}{suggestion}{more}")


class PluginError(BlurbenchError):
    """A plugin breaks the contract of `hookspecs.py` or `protocols.py`."""


class Unavailable(BlurbenchError):
    """Something is not on this machine. The text says what, and how to get it."""


class Skip(BlurbenchError):
    """Raised by a plugin to decline a cell. The text is the reason that the board shows."""


class DiskFull(BlurbenchError):
    """There is no room left where results, or their logs, are stored. What was stored before is kept."""


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says so: the system's own, or that of a library which tells it in words alone."""
    if isinstance(error, DiskFull):
        return True
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return any(f"os error {number}" in str(error) for number in (errno.ENOSPC, errno.EDQUOT))


class RecordError(BlurbenchError):
    """A stored record or artifact is damaged, forged or of another version."""


class NotFinite(BlurbenchError):
    """Logits, restored images or sigmas contain NaN or infinity."""
