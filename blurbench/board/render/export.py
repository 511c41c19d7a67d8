"""A board's standings as JSON, written and read back: the form in which other programs, and `advise`, take a board.

The file is one object, `rows.Standings` with `format` before it. Fractions, seconds and milliseconds are unrounded.
What a field means stands beside it in `rows`. Its forms:

1  of before the first release, without the field `format`
2  `meanings`, what each test blur is, and in each row `hits`, which test images were right (see `hits`): enough to
   pair any two rows of a data set image by image and seed by seed, as all intervals and ranks do

A reader of form 2 reads form 1, whose new fields are empty. A field that is added does not raise the number where
readers can do without; one that changes its meaning does.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from blurbench.board.schema import Standings
from blurbench.errors import RecordError

__all__ = ["FORMAT", "parse", "render"]

FORMAT = 2

_STANDINGS = TypeAdapter(Standings)


def render(standings: Standings) -> str:
    """Everything that the other renderings show. Byte-stable."""
    fields = _STANDINGS.dump_json(standings, indent=1).decode().removeprefix("{")
    return f'{{\n "format": {FORMAT},{fields}\n'


def parse(text: str | bytes, where: str) -> Standings:
    """The standings that `render` wrote. Raises RecordError in one line that names `where`."""
    found = _form(text, where)
    if found > FORMAT:
        raise RecordError(
            f"{where}: a newer blurbench wrote this board (format {found}); this one reads up to {FORMAT}"
        )
    try:
        return _STANDINGS.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "content"
        raise RecordError(f"{where}: {place}: {first['msg']}") from None


def _form(text: str | bytes, where: str) -> int:
    try:
        content: Any = from_json(text)
    except ValueError as error:
        raise RecordError(f"{where}: content: {error}") from None
    form = content.get("format", 1) if isinstance(content, dict) and "blocks" in content else 0
    if type(form) is not int or form < 1:
        raise RecordError(f"{where}: this is no published board of classifiers")
    return form
