"""Whether rows share ranks that more seeds might separate, and how many seeds to try next."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # numpy: not for --help
    from blurbench.board.schema import RankedStrategy, RowKey, Standings

__all__ = ["FEWEST", "next_seeds", "sharing"]

FEWEST = 3
"""Seeds, to begin with: what one or two say of seeds is next to nothing."""


def next_seeds(seeds: int, most: int) -> int:
    """Half as many more, up to `most`: few looks at the data, since each may deceive."""
    return min(most, seeds + (seeds + 1) // 2)


def sharing(standings: Standings, classifier: str) -> list[RowKey]:
    """The rows of a classifier's ranking that share a rank with a row of other answers.

    Rows that answer alike everywhere, as a control and what it is the control of, never separate, and rows that are
    unsteady have no ranks: neither count.
    """
    (ranking,) = (one for one in standings.rankings if one.classifier == classifier)
    rows = [row for row in ranking.rows if row.rank_low is not None]
    blocks = [block.by_key for block in standings.blocks if block.classifier == classifier]
    hits = {row.key: [block[row.key].correct for block in blocks if row.key in block] for row in rows}
    return [one.key for one in rows if any(_overlap(one, other) and hits[one.key] != hits[other.key] for other in rows)]


def _overlap(one: RankedStrategy, other: RankedStrategy) -> bool:
    ends = (one.rank_low, other.rank_high, other.rank_low, one.rank_high)
    low, others_high, others_low, high = (end or 0 for end in ends)
    return low <= others_high and others_low <= high
