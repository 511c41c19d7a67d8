"""Crops of Brodatz' 112 photographs of textures: which texture is it?

Each picture is cut into squares of `side` pixels without overlap. The left half of the columns trains, the right third
tests, a few between them validate, with a gap of one column on either side of those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Dataset, Split, Splits
from blurbench.errors import Unavailable, UsageError
from blurbench.imaging.files import decoding_error, open_image
from blurbench_datasets.splitting import balanced_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAMES = tuple(f"D{number}" for number in range(1, 113))
FLATTEST = 10.0
"""The least standard deviation of each 32x32 patch of a picture that `std10` selects, of 255."""


@dataclass(frozen=True)
class Brodatz(Dataset):
    """180 training, 60 validation and 120 test crops of 32 pixels a texture (of 64: 40, 10 and 30) from 640x640."""

    side: Literal[32, 64] = 32
    select: Literal["all", "std10"] = "all"
    """`std10`: the 80 pictures in which no 32x32 patch is nearly flat, as many as the report kept."""

    paper: ClassVar[str] = "Brodatz 1966, Textures; selection after an IIT Kharagpur report on blur estimation, 2017"
    lineage: ClassVar[frozenset[str]] = frozenset({"brodatz"})
    licence: ClassVar[str] = "copyright of the book's publisher; for research"
    about: ClassVar[str] = "photographs of 112 textures, 32x32 or 64x64 grey, 20,160 + 6,720 + 13,440, disjoint regions"

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        for place in [place for folder in folders for place in (folder / "brodatz", folder)]:
            paths = tuple(place / f"{name}.gif" for name in NAMES)
            if all(path.is_file() for path in paths):
                return paths
        raise _missing()

    def fetch(self, folder: Path) -> None:
        raise _missing()

    def load(self, folders: Sequence[Path]) -> Splits:
        pictures = dict(zip(NAMES, map(read_picture, self.sources(folders)), strict=True))
        if self.select == "std10":
            pictures = {name: picture for name, picture in pictures.items() if is_textured(picture)}
        regions = [regions_of(picture, self.side) for picture in pictures.values()]
        train, validation, test = map(_part, zip(*regions, strict=True))
        return Splits(train, validation, test, tuple(pictures))


def _missing() -> Unavailable:
    return Unavailable(
        "brodatz: brodatz/D1.gif to D112.gif are not in any data folder; get the Brodatz textures as GIF, 640x640, "
        "and say where they are with --data-dir or BLURBENCH_DATA"
    )


def read_picture(path: Path) -> NDArray[np.uint8]:
    """The grey values (H, W) of one picture; raises UsageError, naming the file, if it is damaged or too small."""
    import numpy as np

    try:
        with open_image(path) as file:
            picture = np.asarray(file.convert("L"))
    except Exception as error:  # a damaged file may raise anything
        raise UsageError(f"{path}: cannot be decoded ({decoding_error(error)}); get it anew") from None
    if min(picture.shape) < 640:
        size = f"{picture.shape[1]}x{picture.shape[0]}"
        raise UsageError(f"{path}: {size} pixels, 640x640 are needed; get it anew")
    return picture


def squares(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture (H, W) cut into (columns, rows, side, side); what is left over on the right and below is dropped."""
    rows, columns = (length // side for length in picture.shape)
    cut = picture[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return cut.transpose(2, 0, 1, 3)


def is_textured(picture: NDArray[np.uint8]) -> bool:
    """Whether every patch of 32x32 pixels has a standard deviation of at least `FLATTEST`."""
    return bool(squares(picture, 32).std(axis=(2, 3)).min() >= FLATTEST)


def regions_of(picture: NDArray[np.uint8], side: int) -> tuple[NDArray[np.uint8], ...]:
    """The crops (n, side, side) for training, validation and test."""
    columns = squares(picture, side)
    used = len(columns) - 2
    train, validation = used // 2, used // 6
    parts = columns[:train], columns[train + 1 : train + 1 + validation], columns[train + validation + 2 :]
    return tuple(part.reshape(-1, side, side) for part in parts)


def _part(crops: Sequence[NDArray[np.uint8]]) -> Split:
    import numpy as np

    images = np.concatenate(crops)[:, None]
    labels = np.repeat(np.arange(len(crops)), [len(of_texture) for of_texture in crops])
    order = balanced_order(labels)
    return Split(images[order], labels[order])


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("brodatz", Brodatz)
