"""Texts from records, made harmless where they are shown. Anyone may have written them."""

from __future__ import annotations

import re

from blurbench.errors import shortened

__all__ = ["for_markdown", "for_spreadsheet", "named", "one_line"]

_LONGEST = 160
_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "&<>|`\\*~"}


def one_line(text: str, longest: int = _LONGEST) -> str:
    """`text` without line breaks and invisible characters, cut where it is longer than `longest`."""
    return shortened(text, longest)


def for_markdown(text: str) -> str:
    """One line that opens no tag, table cell, code or link; brackets and underscores of labels stay readable."""
    return re.sub(r"\](?=[(\[:])", "&#93;", one_line(text).translate(_ENTITIES))


def named(strategy: str, train_blur: str) -> str:
    """A row in running text: `retrain on gaussian-2`."""
    return for_markdown(strategy) + (f" on {for_markdown(train_blur)}" if train_blur else "")


def for_spreadsheet(text: str) -> str:
    """One line that no spreadsheet takes for a formula."""
    line = one_line(text, 100_000)
    return "'" + line if line.startswith(("=", "+", "-", "@")) else line
