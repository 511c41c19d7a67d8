"""Writing a board's files from stored records."""

from __future__ import annotations

from pathlib import Path

from blurbench.errors import UsageError
from blurbench.leaderboard import csv, markdown
from blurbench.leaderboard.standings import Standings, standings
from blurbench.results.store import Store, write_atomically

__all__ = ["standings_of", "write_board"]


def standings_of(store: Store, board: str) -> Standings:
    """The standings of a stored board."""
    manifest = store.manifest(board)
    if manifest is None:
        known = ", ".join(store.boards()) or "none yet; `blurbench run` makes one"
        raise UsageError(f"no board {board!r} in {store.root}; there is: {known}")
    records = {line.key: store.record(line.key) for line in manifest.lines}
    found = {key: record for key, record in records.items() if record is not None}
    timings = {record.cost.timing: store.timing(record.cost.timing) for record in found.values() if record.cost}
    return standings(manifest, found, {key: timing for key, timing in timings.items() if timing is not None})


def write_board(store: Store, board: str) -> tuple[str, list[Path]]:
    """Write markdown and CSV beside the manifest; return the summary to be printed and the paths."""
    result = standings_of(store, board)
    files = {".md": markdown.render(result), ".csv": csv.rows(result)}
    paths = [store.board_path(board, suffix) for suffix in files]
    for path, text in zip(paths, files.values(), strict=True):
        write_atomically(path, text)
    return markdown.summary(result), paths
