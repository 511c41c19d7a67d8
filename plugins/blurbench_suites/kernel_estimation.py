"""Patro 2017: sigma read off textures, text and photographs whose blur changes over the picture."""

from collections.abc import Callable
from pathlib import Path

from blurbench import hookimpl


@hookimpl
def register_suites(register: Callable[[str, Path], None]) -> None:
    register("kernel-estimation", Path(__file__).with_name("kernel-estimation.toml"))
