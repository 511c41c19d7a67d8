"""Shen, Huang, Zhang and Xu 2022: restore small grey images, then classify them."""

from collections.abc import Callable
from pathlib import Path

from blurbench import hookimpl


@hookimpl
def register_suites(register: Callable[[str, Path], None]) -> None:
    register("restored-digits", Path(__file__).with_name("restored-digits.toml"))
