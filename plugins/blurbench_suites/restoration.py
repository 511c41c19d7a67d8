"""Dicosola 2020: deblurring networks on CIFAR-10, and the classical ways beside them."""

from collections.abc import Callable
from pathlib import Path

from blurbench import hookimpl


@hookimpl
def register_suites(register: Callable[[str, Path], None]) -> None:
    register("restoration", Path(__file__).with_name("restoration.toml"))
