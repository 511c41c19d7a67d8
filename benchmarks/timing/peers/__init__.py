"""Today's libraries, blurring the same images. One module a library: its fastest ways by public entry."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from benchmarks.timing.families import Case
from benchmarks.timing.peers.contender import Contender

__all__ = ["LIBRARIES", "Contender", "Library", "contenders", "missing"]


@dataclass(frozen=True)
class Library:
    """A peer: the name that tables show, its package, the module here that calls it."""

    name: str
    package: str
    module: str
    on_gpu: bool = True


LIBRARIES = (
    Library("torch", "torch", "plain_torch"),
    Library("torchvision", "torchvision", "torchvision"),
    Library("kornia", "kornia", "kornia"),
    Library("deepinv", "deepinv", "deepinv"),
    Library("OpenCV", "opencv-python-headless", "opencv", on_gpu=False),
    Library("scipy", "scipy", "scipy", on_gpu=False),
)


def missing(cuda: bool) -> list[str]:
    """A sentence for each peer that cannot take part."""
    found = []
    for library in LIBRARIES:
        if _module(library) is None:
            found.append(f"{library.name} is not installed and was left out: pip install 'blurbench[peers]'")
        elif cuda and not library.on_gpu:
            found.append(f"{library.name} has no GPU to run on and was left out")
    return found


def contenders(case: Case) -> Iterator[Contender]:
    """Every way of every installed library to blur this case."""
    for library in LIBRARIES:
        if (ways := _module(library)) is not None and (library.on_gpu or not case.images.is_cuda):
            yield from ways(case)


def _module(library: Library) -> Callable[[Case], Iterator[Contender]] | None:
    if not _installed(library.package):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what strangers say of their own dependencies
        try:
            module = importlib.import_module(f"benchmarks.timing.peers.{library.module}")
        except ImportError:
            return None
    ways: Callable[[Case], Iterator[Contender]] = module.contenders
    return ways


def _installed(package: str) -> bool:
    # OpenCV goes by several names.
    for name in (package, package.removesuffix("-headless")):
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return True
    return False
