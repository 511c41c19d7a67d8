"""Brodatz' photographs of textures as whole pictures, for reading their blur: no texture is in two parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Dataset, Split, Splits
from blurbench_datasets.brodatz import NAMES, Brodatz, is_textured, read_picture
from blurbench_datasets.splitting import SEED


@dataclass(frozen=True)
class BrodatzPictures(Dataset):
    """Grey, 640x640, one label a picture: a tenth validates, a fifth tests. For estimators, not for classifiers."""

    select: Literal["all", "std10"] = "std10"
    """`std10`: the 80 pictures in which no 32x32 patch is nearly flat, as many as the report kept."""

    paper: ClassVar[str] = Brodatz.paper
    lineage: ClassVar[frozenset[str]] = Brodatz.lineage
    licence: ClassVar[str] = Brodatz.licence
    about: ClassVar[str] = "112 (or 80) whole photographs of textures, 640x640 grey, for estimators of blur"

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return Brodatz().sources(folders)

    def fetch(self, folder: Path) -> None:
        Brodatz().fetch(folder)

    def load(self, folders: Sequence[Path]) -> Splits:
        import numpy as np

        pictures = dict(zip(NAMES, map(read_picture, self.sources(folders)), strict=True))
        if self.select == "std10":
            pictures = {name: picture for name, picture in pictures.items() if is_textured(picture)}
        images = np.stack([picture[:640, :640] for picture in pictures.values()])[:, None]
        order = np.random.RandomState(SEED).permutation(len(images))
        tested, validated = len(order) // 5, len(order) // 10
        test, validation, train = (
            Split(images[part], part.astype(np.int64)) for part in np.split(order, [tested, tested + validated])
        )
        return Splits(train, validation, test, tuple(pictures))


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("brodatz-pictures", BrodatzPictures)
