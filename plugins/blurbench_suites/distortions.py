"""Zhou, Song and Cheung 2017: level curves of four distortions on MNIST and CIFAR-10."""

from collections.abc import Callable
from pathlib import Path

from blurbench import hookimpl


@hookimpl
def register_suites(register: Callable[[str, Path], None]) -> None:
    register("distortions", Path(__file__).with_name("distortions.toml"))
