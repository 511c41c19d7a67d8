"""USPS: 9,298 digits from envelopes, 16x16 grey, in LIBSVM's variant, which torchvision reads too.

That variant is smoother than the raw scans (a Gaussian of standard deviation 0.75 pixels explains the difference), so
results on the two cannot be compared. A pixel v in [-1, 1] becomes floor((v + 1) / 2 * 255), in single precision.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Dataset, Fraction, Split, Splits
from blurbench.errors import UsageError
from blurbench.imaging.files import decoding_error
from blurbench_datasets.availability import downloading, missing
from blurbench_datasets.splitting import held_out
from blurbench_datasets.unpacking import unpacked

MOST_BYTES = 2**26
"""Of a file, unpacked: the larger one of the real two has 25 million."""


@dataclass(frozen=True)
class Usps(Dataset):
    """7,291 training and 2,007 test images. `validation` is the share of the former that is held out to validate."""

    validation: Annotated[float, Fraction(0.001, 0.9)] = 0.1

    paper: ClassVar[str] = "Hull 1994, A database for handwritten text recognition research"
    lineage: ClassVar[frozenset[str]] = frozenset({"usps"})
    licence: ClassVar[str] = "not stated by its publishers; for research"
    about: ClassVar[str] = "digits from envelopes (LIBSVM variant), 16x16 grey, 7,291 + 2,007"

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        for place in [place for folder in folders for place in (folder, folder / "USPS")]:
            if all((place / name).is_file() for name in ("usps.bz2", "usps.t.bz2")):
                return place / "usps.bz2", place / "usps.t.bz2"
        raise missing("usps", "usps.bz2 or usps.t.bz2")

    def load(self, folders: Sequence[Path]) -> Splits:
        train_file, test_file = self.sources(folders)
        official = read_libsvm(train_file)
        train, validation = held_out(len(official), self.validation)
        return Splits(
            Split(official.images[train], official.labels[train]),
            Split(official.images[validation], official.labels[validation]),
            read_libsvm(test_file),
            tuple("0123456789"),
        )

    def fetch(self, folder: Path) -> None:
        from torchvision.datasets import USPS

        with downloading("usps"):
            for train in (True, False):
                USPS(folder, train=train, download=True)


def read_libsvm(path: Path) -> Split:
    """Images (N, 1, 16, 16) and labels from lines `label 1:value ... 256:value`; UsageError if the file is damaged."""
    import numpy as np

    try:
        text = unpacked(path, MOST_BYTES).replace(b":", b" ")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file without lines
            table = np.loadtxt(io.BytesIO(text), np.float64, ndmin=2, comments=None)
    except (OSError, EOFError, ValueError) as error:
        raise UsageError(f"{path}: damaged ({decoding_error(error)}); get it anew") from None
    if table.shape[1] != 513 or (table[:, 1::2] != np.arange(1, 257)).any():
        raise UsageError(f"{path}: not USPS, a line should hold a label and the values 1 to 256; get it anew")
    if not np.isin(table[:, 0], np.arange(1, 11)).all():
        raise UsageError(f"{path}: labels should lie between 1 and 10, whole numbers; get it anew")
    values = table[:, 2::2]
    if not (np.abs(values) <= 1).all():  # false of NaN, too
        wrong = values[~(np.abs(values) <= 1)][0]
        raise UsageError(f"{path}: values should lie between -1 and 1, and there is {wrong:g}; get it anew")
    labels = table[:, 0].astype(np.int64) - 1
    pixels = ((values.astype(np.float32) + 1) / 2 * 255).astype(np.uint8)
    return Split(pixels.reshape(-1, 1, 16, 16), labels)


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("usps", Usps)
