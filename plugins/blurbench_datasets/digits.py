"""scikit-learn's 1,797 handwritten digits, 8x8 with values 0 to 16, resampled to 16x16 grey by bilinear interpolation.

Pixel centres are kept in place (as in a resize without aligned corners), the border is repeated, and 16 becomes 255.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from blurbench import hookimpl
from blurbench.contract import Dataset, Split, Splits
from blurbench_datasets.packaged import packaged_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Digits(Dataset):
    """1,029 training, 128 validation and 640 test images, cut between writers: the file lists one after another."""

    paper: ClassVar[str] = "Alpaydin & Kaynak 1998, Optical recognition of handwritten digits (UCI), test part"
    lineage: ClassVar[frozenset[str]] = frozenset({"optdigits"})
    licence: ClassVar[str] = "CC BY 4.0"
    about: ClassVar[str] = (
        "handwritten digits, 8x8 resampled to 16x16 grey, 1,029 + 128 + 640, other writers in each part"
    )

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return (packaged_file("sklearn", "datasets/data/digits.csv.gz", "scikit-learn"),)

    def load(self, folders: Sequence[Path]) -> Splits:
        import numpy as np

        (file,) = self.sources(folders)
        table = np.loadtxt(file, np.uint8, delimiter=",")
        images, labels = enlarged(table[:, :-1].reshape(-1, 8, 8)), table[:, -1].astype(np.int64)
        # Each writer's run opens with 0 1 ... 9 three times over; at these two places one surely begins.
        train, validation, test = (
            Split(images[part], labels[part]) for part in (slice(1029), slice(1029, 1157), slice(1157, None))
        )
        return Splits(train, validation, test, tuple("0123456789"))


def enlarged(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images (N, 8, 8) in 0..16 as (N, 1, 16, 16) in 0..255."""
    import numpy as np

    centres = (np.arange(16) + 0.5) / 2 - 0.5
    weights = np.stack([np.interp(centres, np.arange(8), pixel) for pixel in np.eye(8)])
    larger = weights.T @ images @ weights
    return np.floor(larger * (255 / 16) + 0.5).astype(np.uint8)[:, None]


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("digits", Digits)
