"""Crops of ten colour photographs that scikit-image, scikit-learn and matplotlib ship: which photograph is it from?

Each photograph is reduced to ten crop sides at most along its longer side and cut across it into three regions, one a
part, with a gap of one crop side between them. Crops are drawn on a grid of an eighth of a side, so they overlap inside
a part, never between parts; nearly flat ones are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Dataset, Split, Splits
from blurbench.imaging.files import open_image
from blurbench_datasets.packaged import packaged_file
from blurbench_datasets.splitting import SEED, balanced_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SKIMAGE = ("skimage", "data", "scikit-image")
_SKLEARN = ("sklearn", "datasets/images", "scikit-learn")
_MATPLOTLIB = ("matplotlib", "mpl-data/sample_data", "matplotlib")

PHOTOGRAPHS = {
    "astronaut": ("astronaut.png", _SKIMAGE),  # public domain, NASA
    "cat": ("chelsea.png", _SKIMAGE),  # CC0, Stefan van der Walt
    "coffee": ("coffee.png", _SKIMAGE),  # CC0, Rachel Michetti
    "flower": ("flower.jpg", _SKLEARN),  # CC BY 2.0, vultilion
    "galaxies": ("hubble_deep_field.jpg", _SKIMAGE),  # public domain, NASA and ESA
    "pagoda": ("china.jpg", _SKLEARN),  # CC BY 2.0, danielbuechele
    "portrait": ("grace_hopper.jpg", _MATPLOTLIB),  # public domain, US Navy
    "retina": ("retina.jpg", _SKIMAGE),  # CC0, Mikael Häggström
    "rocket": ("rocket.jpg", _SKIMAGE),  # public domain, SpaceX
    "tissue": ("ihc.png", _SKIMAGE),  # no known restrictions
}
SHARES = (0.5, 0.2, 0.3)
"""Of a photograph's longer side, less the two gaps: training, validation, test."""
COUNTS = (150, 30, 60)
FLATTEST = 8.0
"""The least standard deviation of a crop's grey values, of 255."""


@dataclass(frozen=True)
class PhotoCrops(Dataset):
    """1,500 training, 300 validation and 600 test crops of ten photographs, `side` pixels a side."""

    side: Literal[32, 64] = 32

    lineage: ClassVar[frozenset[str]] = frozenset({"photo-crops"})
    licence: ClassVar[str] = "public domain, CC0 and CC BY 2.0, by photograph"
    about: ClassVar[str] = "crops of ten photographs, 32x32 or 64x64 colour, 1,500 + 300 + 600, disjoint regions"

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return tuple(
            packaged_file(package, f"{folder}/{file}", distribution)
            for file, (package, folder, distribution) in PHOTOGRAPHS.values()
        )

    def load(self, folders: Sequence[Path]) -> Splits:
        regions = [_regions(_photograph(path, 10 * self.side), self.side) for path in self.sources(folders)]
        train, validation, test = (
            self._part(of_part, count) for of_part, count in zip(zip(*regions, strict=True), COUNTS, strict=True)
        )
        return Splits(train, validation, test, tuple(PHOTOGRAPHS))

    def _part(self, regions: Sequence[NDArray[np.uint8]], count: int) -> Split:
        import numpy as np

        images = np.concatenate([_crops(region, self.side, count) for region in regions])
        labels = np.repeat(np.arange(len(regions)), count)
        order = balanced_order(labels)
        return Split(images[order], labels[order])


def _photograph(path: Path, longest: int) -> NDArray[np.uint8]:
    """The photograph (3, H, W), reduced so that its longer side has `longest` pixels at most."""
    import numpy as np
    from PIL import Image

    with open_image(path) as file:
        image = file.convert("RGB")
    scale = min(1, longest / max(image.size))
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    return np.asarray(image).transpose(2, 0, 1)


def _regions(photograph: NDArray[np.uint8], gap: int) -> Iterator[NDArray[np.uint8]]:
    """Three disjoint regions across the longer side, SHARES of it, `gap` pixels apart."""
    import numpy as np

    axis = 1 + int(np.argmax(photograph.shape[1:]))
    length = photograph.shape[axis] - gap * (len(SHARES) - 1)
    start = 0.0
    for share in SHARES:
        yield np.take(photograph, range(round(start), round(start + share * length)), axis)
        start += share * length + gap


def _crops(region: NDArray[np.uint8], side: int, count: int) -> NDArray[np.uint8]:
    """`count` different crops (count, 3, side, side), drawn from those that are not nearly flat."""
    import numpy as np

    windows = np.lib.stride_tricks.sliding_window_view(region, (side, side), (1, 2))[:, :: side // 8, :: side // 8]
    crops = np.moveaxis(windows, 0, 2).reshape(-1, 3, side, side)
    crops = crops[crops.mean(1).std((1, 2)) >= FLATTEST]
    chosen: NDArray[np.uint8] = crops[np.random.RandomState(SEED).permutation(len(crops))[:count]]
    return chosen


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("photo-crops", PhotoCrops)
