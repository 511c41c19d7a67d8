"""MNIST: 70,000 handwritten digits, 28x28 grey. A tenth of the 60,000 training images validates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from blurbench import hookimpl
from blurbench.contract import Dataset
from blurbench_datasets.idx import IdxDataset


@dataclass(frozen=True)
class Mnist(IdxDataset):
    """60,000 training and 10,000 test images of 10 digits; files as torchvision keeps them."""

    paper: ClassVar[str] = (
        "LeCun, Bottou, Bengio & Haffner 1998, Gradient-based learning applied to document recognition"
    )
    lineage: ClassVar[frozenset[str]] = frozenset({"mnist", "nist"})
    licence: ClassVar[str] = "CC BY-SA 3.0"
    about: ClassVar[str] = "handwritten digits, 28x28 grey, 60,000 + 10,000"

    title: ClassVar[str] = "mnist"
    torchvision_name: ClassVar[str] = "MNIST"
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("mnist", Mnist)
