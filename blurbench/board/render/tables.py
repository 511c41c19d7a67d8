"""Markdown tables and lists, padded so that they also read well as plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, TypeVar

from tabulate import tabulate

__all__ = ["Column", "bullets", "grid", "table"]

T = TypeVar("T")
Column: TypeAlias = tuple[str, Callable[[T], str]]
"""A heading, and what stands below it for one item."""


def table(items: Sequence[T], columns: Iterable[Column[T]], form: str = "github") -> str:
    """A row an item; a column that is empty for all of them is left out. `form`: one of tabulate's."""
    shown = [(heading, [cell(item) for item in items]) for heading, cell in columns]
    kept = [(heading, cells) for heading, cells in shown if any(cells)]
    return grid([heading for heading, _ in kept], list(zip(*(cells for _, cells in kept), strict=True)), form)


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], form: str = "github") -> str:
    """A table of texts that are escaped already, but for `html`, which escapes them."""
    text: str = tabulate(rows, headers=header, tablefmt=form, disable_numparse=True)
    return text


def bullets(texts: Iterable[str]) -> str:
    """A list of texts that are escaped already."""
    return "\n".join(f"- {text}" for text in texts)
