"""The suites that ship with blurbench: each TOML file in this folder is one, by the name of the file."""

from collections.abc import Callable
from pathlib import Path

from blurbench import hookimpl

__all__ = ["register_suites"]


@hookimpl
def register_suites(register: Callable[[str, Path], None]) -> None:
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        register(path.stem, path)
