"""A few seconds of everything, to see that an installation works."""

from collections.abc import Callable
from pathlib import Path

from blurbench import hookimpl


@hookimpl
def register_suites(register: Callable[[str, Path], None]) -> None:
    register("smoke", Path(__file__).with_name("smoke.toml"))
