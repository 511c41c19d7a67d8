"""Where data sets lie, and how a command line is shown to others."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from blurbench.errors import UsageError

__all__ = ["cache_folder", "data_folders", "shown_command"]

FOLDER_OPTIONS = ("--out", "-o", "--data-dir")


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


def shown_command(arguments: Sequence[str]) -> str:
    """The command line as a board shows it: folders of this machine are nobody else's business."""
    shown, hide = ["blurbench"], False
    for argument in arguments:
        option, equals, _ = argument.partition("=")
        if hide or (equals and option in FOLDER_OPTIONS):
            shown.append(f"{option}=FOLDER" if equals and not hide else "FOLDER")
            hide = False
        else:
            shown.append(Path(argument).name if argument.endswith(".toml") else argument)
            hide = argument in FOLDER_OPTIONS
    return shlex.join(shown)
