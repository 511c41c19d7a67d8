"""What a stranger's JSON may hold: no control characters, nothing endless. Nobody shows or stores anything else."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

__all__ = ["check_clean"]

DEEPEST, LONGEST, MOST = 24, 4000, 20_000
"""Levels of nesting, characters of a text, values in all."""

LARGEST = 2**63
"""No number beyond it counts or measures anything here."""

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode's categories of what is not seen: escapes, direction marks, halves of characters, line separators."""


def check_clean(content: Any) -> None:
    """Raise ValueError, naming the place, unless every text in `content` is short and visible, every number finite."""
    for count, (place, value) in enumerate(_walk(content, "", 0)):
        if count >= MOST:
            raise ValueError(f"more than {MOST} values")
        if isinstance(value, str):
            _check_text(value, place)
        elif isinstance(value, int | float) and not abs(value) <= LARGEST:  # so that NaN is caught, too
            raise ValueError(f"{place}: a number that is not finite, or larger than any that is meant")


def _walk(value: Any, place: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEEPEST:
        raise ValueError(f"{place[:40]}...: nested more than {DEEPEST} deep")
    match value:
        case dict():
            for key, inner in value.items():
                yield f"{place} (a key)", key
                yield from _walk(inner, f"{place}.{str(key)[:40]}" if place else str(key)[:40], depth + 1)
        case list() | tuple():
            for inner in value:
                yield from _walk(inner, place, depth + 1)
        case _:
            yield place, value


def _check_text(text: str, place: str) -> None:
    if len(text) > LONGEST:
        raise ValueError(f"{place}: a text of {len(text)} characters, at most {LONGEST} are allowed")
    for sign in text:
        if unicodedata.category(sign) in HIDDEN:
            raise ValueError(f"{place}: the invisible character U+{ord(sign):04X}")
