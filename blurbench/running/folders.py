"""Where data sets lie."""

from __future__ import annotations

import os
from pathlib import Path

from blurbench.errors import UsageError

__all__ = ["cache_folder", "data_folders"]


def data_folders(given: tuple[Path, ...] = ()) -> tuple[Path, ...]:
    """Where real data sets are looked for: --data-dir, BLURBENCH_DATA, the cache that `data fetch` fills."""
    folders = tuple(folder.expanduser() for folder in given)
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"--data-dir {folder} is not a folder")
    named = os.environ.get("BLURBENCH_DATA", "")
    return (*folders, *(Path(part).expanduser() for part in named.split(os.pathsep) if part), cache_folder())


def cache_folder() -> Path:
    """Where `blurbench data fetch` puts its downloads."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(cache) / "blurbench" / "data"
