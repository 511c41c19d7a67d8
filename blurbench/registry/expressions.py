"""Plugins written in a line: `gaussian[sigma=2]`, and grids of them: `gaussian[sigma=1|2|3]`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, time
from itertools import product
from math import prod
from typing import Any

from blurbench.errors import UsageError, shortened

__all__ = ["expand", "named", "parse", "quoted"]


def expand(request: str | Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """All tables of a request; in an expression `|` separates the values of a grid: `gaussian[sigma=1|2|3]`."""
    if not isinstance(request, str):
        yield dict(request)
        return
    if len(request) > LONGEST:
        raise UsageError(
            f"{shortened(request, 60)!r}: an expression of {len(request):,} characters; the most are {LONGEST:,}"
        )
    name, pairs = _split_expression(request)
    choices = [[(key, _value(text)) for text in _split(value, "|")] for key, value in pairs]
    if (count := prod(map(len, choices))) > MOST:
        raise UsageError(f"{shortened(request, 60)!r}: a grid of {count:,} values; the most are {MOST:,}")
    for combination in product(*choices):
        yield {"name": name, **dict(combination)}


LONGEST, MOST = 4000, 1000
"""Characters of an expression, and values of a grid."""


def named(request: str) -> tuple[str, str]:
    """`mine=gaussian[sigma=2]` taken apart: what the user calls the value, empty where nothing, and its expression."""
    name, equals, expression = request.partition("=")
    if not equals or "[" in name:
        return "", request
    if not re.fullmatch(r"\w[\w .+-]{0,79}", name := name.strip()):
        raise UsageError(
            f"{shortened(name, 100)!r} cannot be a name: letters, digits, spaces, dots, hyphens, at most 80 of them"
        )
    return name, expression.strip()


def parse(expression: str) -> dict[str, Any]:
    """The table of one expression: `gaussian[sigma=2]` gives `{"name": "gaussian", "sigma": 2}`."""
    tables = list(expand(expression))
    if len(tables) != 1:
        raise UsageError(f"{expression!r} is a grid of {len(tables)}; one is wanted here")
    return tables[0]


def _split_expression(expression: str) -> tuple[str, list[tuple[str, str]]]:
    text = expression.strip()
    name, bracket, inner = text.partition("[")
    if bracket and not inner.endswith("]"):
        raise UsageError(f"{shortened(expression, 200)!r}: the closing bracket is missing")
    pairs: list[tuple[str, str]] = []
    for part in _split(inner.removesuffix("]"), ","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"{shortened(expression, 200)!r}: {shortened(part, 60)!r} should read name=value")
        if key.strip() in dict(pairs):
            raise UsageError(f"{expression!r}: {key.strip()!r} is given twice")
        pairs.append((key.strip(), value.strip()))
    return name.strip(), pairs


def _split(text: str, separator: str) -> list[str]:
    """Split at separators that lie in no bracket and no quotes."""
    parts, depth, quote, start, escaped = [], 0, "", 0, False
    for position, character in enumerate(text):
        if quote:
            if escaped or (character == "\\" and quote == '"'):
                escaped = not escaped
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character in "[{":
            depth += 1
        elif character in "]}":
            depth -= 1
        elif character == separator and depth == 0:
            parts.append(text[start:position])
            start = position + 1
        if depth > DEEPEST:
            raise UsageError(f"brackets are nested more than {DEEPEST} deep")
    return [*parts, text[start:]]


DEEPEST = 50
"""Levels of brackets."""


def _value(text: str) -> Any:
    text = text.strip()
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        if text.startswith("[") and text.endswith("]"):
            return [_value(part) for part in _split(text[1:-1], ",") if part.strip()]
        # A bare word is a name (restorer=wiener, restorer=unet[kernel=9]), or a text without signs that mean something.
        if re.match(r"[A-Za-z]", text) or re.fullmatch(r"[^\[\]{}\"',|]+", text):
            return text
        raise UsageError(
            f"{shortened(text, 200)!r} is not a TOML value (texts with brackets, quotes, commas or bars need quotes)"
        ) from None
    # A text that looks like a date is a text here: no parameter is a date.
    return text if isinstance(value, date | time) else value


def quoted(text: str) -> str:
    """A text as a value of an expression, so that it is read back as it is: in quotes unless it is a bare word or a
    path that is read as nothing else."""
    if re.fullmatch(r"[A-Za-z./~][\w./~-]*", text):
        try:
            if _value(text) == text:
                return text
        except UsageError:
            pass
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
