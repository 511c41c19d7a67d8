"""Small grey images: digits, letters and clothes under Gaussian and move blur, every remedy beside plain."""

from collections.abc import Callable
from pathlib import Path

from blurbench import hookimpl


@hookimpl
def register_suites(register: Callable[[str, Path], None]) -> None:
    register("mnist-family", Path(__file__).with_name("mnist-family.toml"))
