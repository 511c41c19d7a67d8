"""A board's standings as JSON, written and read back: the form in which other programs, and `advise`, take a board."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from blurbench.errors import RecordError
from blurbench.leaderboard.rows import Standings

__all__ = ["parse", "render"]

_STANDINGS = TypeAdapter(Standings)


def render(standings: Standings) -> str:
    """Everything that the other renderings show, unrounded; fractions, seconds, milliseconds. Byte-stable."""
    return _STANDINGS.dump_json(standings, indent=1).decode() + "\n"


def parse(text: str | bytes, where: str) -> Standings:
    """The standings that `render` wrote. Raises RecordError in one line that names `where`."""
    try:
        return _STANDINGS.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "content"
        raise RecordError(f"{where}: {place}: {first['msg']}") from None
