"""Estimate the blur, deconvolve, classify: what is reading sigma off the image worth, and what does an error cost?"""

from collections.abc import Callable
from pathlib import Path

from blurbench import hookimpl


@hookimpl
def register_suites(register: Callable[[str, Path], None]) -> None:
    register("blind-pipeline", Path(__file__).with_name("blind-pipeline.toml"))
