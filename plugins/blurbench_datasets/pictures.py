"""Whole grey pictures that scikit-image, scikit-learn and matplotlib ship, in square tiles, for reading their blur."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Dataset, Split, Splits
from blurbench.imaging.files import open_image
from blurbench_datasets.packaged import packaged_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SKIMAGE = ("skimage", "data", "scikit-image")
_SKLEARN = ("sklearn", "datasets/images", "scikit-learn")
_MATPLOTLIB = ("matplotlib", "mpl-data/sample_data", "matplotlib")

_TRAIN, _VALIDATION, _TEST = range(3)


@dataclass(frozen=True)
class _Source:
    """A file, by how much it is reduced (some are a little soft), and the part that each tile belongs to, row by row;
    tiles beyond the last that is named belong to the last's part."""

    file: str
    package: tuple[str, str, str]
    parts: tuple[int, ...]
    reduced: int = 1


COLLECTIONS = {
    "photographs": {
        "galaxies": _Source("hubble_deep_field.jpg", _SKIMAGE, (_TRAIN,)),  # public domain, NASA and ESA
        "tissue": _Source("ihc.png", _SKIMAGE, (_TRAIN,), 2),  # no known restrictions
        "rocket": _Source("rocket.jpg", _SKIMAGE, (_TRAIN,)),  # public domain, SpaceX
        "pagoda": _Source("china.jpg", _SKLEARN, (_TRAIN,)),  # CC BY 2.0, danielbuechele
        "flower": _Source("flower.jpg", _SKLEARN, (_TRAIN,), 2),  # CC BY 2.0, vultilion
        "portrait": _Source("grace_hopper.jpg", _MATPLOTLIB, (_TRAIN,)),  # public domain, US Navy
        "coins": _Source("coins.png", _SKIMAGE, (_VALIDATION,)),  # no known restrictions
        "coffee": _Source("coffee.png", _SKIMAGE, (_VALIDATION,)),  # CC0, Rachel Michetti
        "astronaut": _Source("astronaut.png", _SKIMAGE, (_TEST,)),  # public domain, NASA
        "photographer": _Source("camera.png", _SKIMAGE, (_TEST,)),  # CC0, Lav Varshney
        "cat": _Source("chelsea.png", _SKIMAGE, (_TEST,)),  # CC0, Stefan van der Walt
    },
    "textures": {
        "grass": _Source("grass.png", _SKIMAGE, (_TRAIN, _VALIDATION, _TEST)),  # CC0, Polyhaven
        "gravel": _Source("gravel.png", _SKIMAGE, (_TEST,)),  # CC0, Polyhaven
        "brick": _Source("brick.png", _SKIMAGE, (_TEST,), 2),  # CC0, Polyhaven
    },
    "text": {
        "print": _Source("page.png", _SKIMAGE, (_TRAIN, _TEST)),  # no known restrictions
        "handwriting": _Source("text.png", _SKIMAGE, (_VALIDATION,)),  # public domain
    },
}
SIDES = {"photographs": 192, "textures": 192, "text": 128}


@dataclass(frozen=True)
class Pictures(Dataset):
    """No photograph is in two parts; of textures and text other tiles are. For estimators, not for classifiers."""

    content: Literal["photographs", "textures", "text"] = "photographs"
    """Photographs of things, close-ups of grass, gravel and brick, or writing on paper."""

    lineage: ClassVar[frozenset[str]] = frozenset({"photo-crops"})
    licence: ClassVar[str] = "public domain, CC0 and CC BY 2.0, by picture"
    about: ClassVar[str] = "tiles of embedded photographs, textures and text, 192x192 or 128x128 grey, for estimators"

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return tuple(
            packaged_file(source.package[0], f"{source.package[1]}/{source.file}", source.package[2])
            for source in COLLECTIONS[self.content].values()
        )

    def load(self, folders: Sequence[Path]) -> Splits:
        import numpy as np

        sources = COLLECTIONS[self.content]
        images: list[NDArray[np.uint8]] = []
        labels: list[int] = []
        parts: list[int] = []
        for label, (source, path) in enumerate(zip(sources.values(), self.sources(folders), strict=True)):
            cut = _tiles(path, source.reduced, SIDES[self.content])
            images.extend(cut)
            labels.extend([label] * len(cut))
            parts.extend(source.parts[min(place, len(source.parts) - 1)] for place in range(len(cut)))
        pixels, names, part = np.stack(images)[:, None], np.array(labels, np.int64), np.array(parts)
        train, validation, test = (
            Split(pixels[part == one], names[part == one]) for one in (_TRAIN, _VALIDATION, _TEST)
        )
        return Splits(train, validation, test, tuple(sources))


def _tiles(path: Path, reduced: int, side: int) -> NDArray[np.uint8]:
    """The squares (n, side, side) of a picture, grey, without overlap, row by row from the top left."""
    import numpy as np

    with open_image(path) as file:
        grey = np.asarray(file.convert("L").reduce(reduced))
    down, across = (length // side for length in grey.shape)
    cut = grey[: down * side, : across * side].reshape(down, side, across, side)
    return np.ascontiguousarray(cut.transpose(0, 2, 1, 3).reshape(-1, side, side))


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("pictures", Pictures)
