"""Every remedy is fitted to one kind of blur and meets the others."""

from collections.abc import Callable
from pathlib import Path

from blurbench import hookimpl


@hookimpl
def register_suites(register: Callable[[str, Path], None]) -> None:
    register("leave-one-blur-out", Path(__file__).with_name("leave-one-blur-out.toml"))
