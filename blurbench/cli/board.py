"""Writing a board's files from stored records."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from blurbench.errors import UsageError
from blurbench.results.store import Store, write_atomically

# What renders boards imports numpy: not for --help.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blurbench.leaderboard.standings import Standings

__all__ = ["publish_board", "standings_of", "write_board"]

PICTURED = 4
"""Images in a strip of samples."""


def standings_of(store: Store, board: str) -> Standings:
    """The standings of a stored board."""
    from blurbench.leaderboard.standings import standings

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
    from blurbench.leaderboard import csv, markdown

    result = standings_of(store, board)
    files = {".md": markdown.render(result), ".csv": csv.rows(result)}
    paths = [store.board_path(board, suffix) for suffix in files]
    for path, text in zip(paths, files.values(), strict=True):
        write_atomically(path, text)
    return markdown.summary(result), paths


def publish_board(store: Store, board: str, folder: Path) -> list[Path]:
    """Copy a board into `folder`, with a chart and strips of sample images."""
    from blurbench.leaderboard.picture import recovery_chart, sample_strip

    paths = [folder / f"{board}{suffix}" for suffix in (".md", ".csv")]
    for path in paths:
        write_atomically(path, store.board_path(board, path.suffix).read_bytes())
    chart = folder / f"{board}.png"
    recovery_chart(standings_of(store, board), chart)
    paths.append(chart)
    for (dataset, blur), stages in _sample_stages(store, board).items():
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{board}.{dataset}.{blur}")  # labels are not file names
        paths.append(folder / f"{name}.png")
        sample_strip(stages, paths[-1])
    return paths


def _sample_stages(store: Store, board: str) -> dict[tuple[str, str], dict[str, NDArray[np.uint8]]]:
    """For each data set and blur: the stored images, clean, blurred and restored by each row fitted to that blur."""
    manifest = store.manifest(board)
    assert manifest is not None
    found: dict[tuple[str, str], dict[str, NDArray[np.uint8]]] = {}
    for line in manifest.lines:
        if line.seed or line.train_blur != line.test_blur or not (samples := store.samples(line.key)):
            continue
        shown = {name: images[:PICTURED] for name, images in samples.items()}
        stages = found.setdefault(
            (line.dataset, line.test_blur), {"clean": shown["clean"], "blurred": shown["blurred"]}
        )
        stages.setdefault(line.strategy, shown["restored"])
    return found
