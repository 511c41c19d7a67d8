"""EMNIST balanced: 131,600 handwritten digits and letters in 47 classes, 28x28 grey.

The files hold each image transposed, and so does torchvision; here the characters read upright. Letters whose two cases
look alike (c i j k l m o p s u v w x y z) share the class of the capital.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import Dataset
from blurbench_datasets.idx import IdxDataset


@dataclass(frozen=True)
class EmnistBalanced(IdxDataset):
    """112,800 training and 18,800 test images; files as torchvision keeps them. A tenth of the former validates."""

    paper: ClassVar[str] = "Cohen, Afshar, Tapson & van Schaik 2017, arXiv:1702.05373"
    lineage: ClassVar[frozenset[str]] = frozenset({"emnist", "nist"})
    licence: ClassVar[str] = "public domain (NIST Special Database 19)"
    about: ClassVar[str] = "handwritten characters, 47 classes, 28x28 grey, 112,800 + 18,800"

    title: ClassVar[str] = "emnist-balanced"
    torchvision_name: ClassVar[str] = "EMNIST"
    torchvision_options: ClassVar[dict[str, Any]] = {"split": "balanced"}
    prefixes: ClassVar[tuple[str, str]] = ("emnist-balanced-train", "emnist-balanced-test")
    transposed: ClassVar[bool] = True
    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt")


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("emnist-balanced", EmnistBalanced)
