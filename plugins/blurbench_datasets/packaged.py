"""Finds files that other packages ship, without importing those packages."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from blurbench.errors import Unavailable


def packaged_file(package: str, inside: str, distribution: str) -> Path:
    """The path of the file `inside` an installed `package`; raises Unavailable with the distribution to install."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise Unavailable(f"the package {package} is not installed; get it by `pip install {distribution}`")
    path = Path(spec.origin).parent / inside
    if not path.is_file():
        raise Unavailable(f"this release of {distribution} does not ship {package}/{inside}; install another release")
    return path
