"""CIFAR-10: 60,000 colour pictures of ten kinds of animals and vehicles, 32x32.

The files are Python pickles, which could run any code; they are read by an unpickler that knows NumPy arrays and
nothing else.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import Dataset, Fraction, Split, Splits
from blurbench.errors import UsageError
from blurbench.imaging.files import decoding_error
from blurbench_datasets.availability import downloading, missing
from blurbench_datasets.splitting import held_out
from blurbench_datasets.unpacking import unpacked

FOLDER = "cifar-10-batches-py"
FILES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
MOST_BYTES = 2**26
"""Of a file: the real ones have 31 million."""
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True)
class Cifar10(Dataset):
    """50,000 training and 10,000 test images; `validation` is the share of the former that is held out to validate."""

    validation: Annotated[float, Fraction(0.001, 0.9)] = 0.1

    paper: ClassVar[str] = "Krizhevsky 2009, Learning multiple layers of features from tiny images"
    lineage: ClassVar[frozenset[str]] = frozenset({"cifar10", "tiny-images"})
    licence: ClassVar[str] = "not stated by its publishers; for research"
    about: ClassVar[str] = "animals and vehicles, 10 classes, 32x32 colour, 50,000 + 10,000"

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        places = [place for folder in folders for place in (folder / FOLDER, *[folder] * (folder.name == FOLDER))]
        lacking = FILES[0]
        for place in places:
            absent = [name for name in FILES if not (place / name).is_file()]
            if not absent:
                return tuple(place / name for name in FILES)
            if len(absent) < len(FILES):
                lacking = absent[0]
        raise missing("cifar10", f"{FOLDER}/{lacking}")

    def load(self, folders: Sequence[Path]) -> Splits:
        import numpy as np

        *batches, test = [read_batch(path) for path in self.sources(folders)]
        images = np.concatenate([batch.images for batch in batches])
        labels = np.concatenate([batch.labels for batch in batches])
        train, validation = held_out(len(labels), self.validation)
        return Splits(Split(images[train], labels[train]), Split(images[validation], labels[validation]), test, CLASSES)

    def fetch(self, folder: Path) -> None:
        from torchvision.datasets import CIFAR10

        with downloading("cifar10"):
            CIFAR10(folder, download=True)


class _ArraysOnly(pickle.Unpickler):
    """Builds NumPy arrays beside the types that need no import (dicts, lists, texts, numbers)."""

    def find_class(self, module: str, name: str) -> Any:
        import numpy as np

        known: dict[tuple[str, str], Any] = {
            ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no image needs")
        return known[module, name]


def read_batch(path: Path) -> Split:
    """Images (N, 3, 32, 32) and labels of one file; raises UsageError, naming it, if it is damaged or not CIFAR-10."""
    import numpy as np

    try:
        content = io.BytesIO(unpacked(path, MOST_BYTES))
        table = _ArraysOnly(content, encoding="latin1").load()  # written by Python 2, whose texts were bytes
        images, given = table["data"], np.array(table["labels"])
        labels = given.astype(np.int64, casting="safe" if given.size else "unsafe")
    except Exception as error:  # a damaged pickle may raise anything
        raise UsageError(
            f"{path}: cannot be read as a batch of CIFAR-10 ({decoding_error(error)}); get it anew"
        ) from None
    if labels.ndim != 1:
        raise UsageError(f"{path}: labels should be a list of numbers; get it anew")
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape != (len(labels), 3072):
        raise UsageError(f"{path}: {len(labels)} labels should come with as many rows of 3072 bytes; get it anew")
    if not len(labels) or labels.min() < 0 or labels.max() >= len(CLASSES):
        raise UsageError(f"{path}: labels should lie between 0 and {len(CLASSES) - 1}; get it anew")
    return Split(images.reshape(-1, 3, 32, 32), labels)


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("cifar10", Cifar10)
