"""Characters in EMNIST's 47 balanced classes, rendered from free fonts so as to look handwritten: 28x28 grey.

Shipped beside this module; `make_glyphs.py` made it and names the fonts and their licences. Training, validation and
test characters come from different font families.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from blurbench import hookimpl
from blurbench.contract import Dataset, Split, Splits


@dataclass(frozen=True)
class Glyphs(Dataset):
    """1,500 training, 300 validation and 1,500 test images; any run of 47 from the start holds each class once."""

    lineage: ClassVar[frozenset[str]] = frozenset({"glyphs"})
    licence: ClassVar[str] = "Apache-2.0 (images rendered with fonts that allow it)"
    about: ClassVar[str] = "rendered characters, 47 classes, 28x28 grey, 1,500 + 300 + 1,500, other fonts in each part"

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return (Path(__file__).with_name("glyphs.npz"),)

    def load(self, folders: Sequence[Path]) -> Splits:
        import numpy as np

        (file,) = self.sources(folders)
        with np.load(file) as stored:
            train, validation, test = (
                Split(stored[f"{part}_images"][:, None], stored[f"{part}_labels"].astype(np.int64))
                for part in ("train", "validation", "test")
            )
        return Splits(train, validation, test, tuple("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"))


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("glyphs", Glyphs)
