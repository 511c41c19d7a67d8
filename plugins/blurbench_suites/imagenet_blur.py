"""Kim 2023: ImageNet networks on blurred pictures, fitted with and without blur, and patches left out."""

from collections.abc import Callable
from pathlib import Path

from blurbench import hookimpl


@hookimpl
def register_suites(register: Callable[[str, Path], None]) -> None:
    register("imagenet-blur", Path(__file__).with_name("imagenet-blur.toml"))
