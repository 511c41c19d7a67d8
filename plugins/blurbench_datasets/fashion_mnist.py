"""Fashion-MNIST: 70,000 pictures of clothes, 28x28 grey. A tenth of the 60,000 training images validates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from blurbench import hookimpl
from blurbench.contract import Dataset
from blurbench_datasets.idx import IdxDataset


@dataclass(frozen=True)
class FashionMnist(IdxDataset):
    """60,000 training and 10,000 test images of 10 kinds of clothes; files as torchvision or Debian keeps them."""

    paper: ClassVar[str] = "Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747"
    lineage: ClassVar[frozenset[str]] = frozenset({"fashion-mnist"})
    licence: ClassVar[str] = "MIT"
    about: ClassVar[str] = "clothes, 28x28 grey, 60,000 + 10,000"

    title: ClassVar[str] = "fashion-mnist"
    torchvision_name: ClassVar[str] = "FashionMNIST"
    debian_package: ClassVar[str] = "dataset-fashion-mnist"
    class_names: ClassVar[tuple[str, ...]] = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("fashion-mnist", FashionMnist)
