"""Sharp photographs, each with a blurred one that a camera (or an average over frames) recorded of the same scene.

Two layouts are read, with or without folders `train`, `val` and `test` around them:

    REDS     train_sharp/SCENE/FRAME.png  beside  train_blur/SCENE/FRAME.png
    GoPro    SCENE/sharp/FRAME.png        beside  SCENE/blur/FRAME.png

So the blurred partner of a file is found by putting `blurred` where its path says "sharp". Upper and lower case are
the same; links are followed, hidden files ignored, pictures turned as their EXIF data say. Train and test with the
blur `recorded`. From each pair the same `crops` squares are cut, drawn once and for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, BinaryIO, ClassVar, Literal, TypeAlias

from blurbench import hookimpl
from blurbench.contract import Count, Dataset, Fraction, Pixels, Shape, Split, Splits
from blurbench.errors import UsageError
from blurbench.imaging.files import MEGAPIXELS, Tree, is_picture, open_image, upright
from blurbench_datasets.imagefolder import PARTS, undecoded
from blurbench_datasets.own_files import find_place, missing, not_read, say, tree_of
from blurbench_datasets.repeats import Mark, check_repeats, mark
from blurbench_datasets.splitting import SEED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_Pair: TypeAlias = tuple[str, str]  # the names of a sharp file and of its blurred partner
_Scene: TypeAlias = tuple[str, str]  # the part that the folders name, or "", and the scene
_Scenes: TypeAlias = Mapping[_Scene, list[_Pair]]
_Part: TypeAlias = list[tuple[_Pair, int]]  # pairs and their labels
_Parts: TypeAlias = tuple[_Part, _Part, _Part]

WANTED = (
    "unpack REDS or GoPro and give the folder as path=: absolute, ~/..., ./..., or inside a folder that --data-dir or "
    "BLURBENCH_DATA names"
)
MOST_BYTES = 4 * 2**30
"""Of crops, sharp and blurred, a byte a value."""
SHARES = (0.6, 0.1)
"""Of a scene's frames in order of time: training, then validation; the rest tests."""


@dataclass(frozen=True)
class PairedImages(Dataset):
    """`classes = "scenes"`: which scene is it? Of each scene the first frames train, later ones validate, the last
    test, so restorers meet the test scenes too, at other times. `classes = "one"`: restoration alone; the folders
    `train`, `val` and `test` are kept apart as they are (without them, the last scenes test)."""

    paper: ClassVar[str] = "layouts of GoPro (Nah, Kim, Lee 2017) and REDS (Nah et al. 2019)"

    path: str = "pairs"
    """The folder: absolute, from where you are (`./pairs`), from your home (`~`), or in a data folder."""
    blurred: str = "blur"
    """What stands in place of "sharp" in the blurred files' paths: `blur`, `blur_gamma`, `blur_comp` ..."""
    side: Annotated[int, Pixels(8, 1024)] = 64
    crops: Annotated[int, Count(1, 1000)] = 4
    classes: Literal["scenes", "one"] = "scenes"
    megapixels: Annotated[int, Count(1, 10_000)] = MEGAPIXELS
    """Millions of pixels that a picture may have; it is decoded in memory."""
    repeated: Annotated[float, Fraction(0.0, 0.1)] = 0.01
    """With `classes = "one"`, the share of the sharp test pictures that may be training pictures, too."""

    revision: ClassVar[int] = 2

    lineage: ClassVar[frozenset[str]] = frozenset({"paired-images"})
    licence: ClassVar[str] = "as your pictures'"
    about: ClassVar[str] = "pairs of sharp and really blurred photographs in the layout of REDS or GoPro"

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        """Raises UsageError, too, for a place without pairs. Says what lies there and is not taken."""
        place, tree = self._look(folders)
        pairs = self._pairs(place, tree)
        for note in (not_read(place, tree), _unpaired(place, tree, pairs)):
            if note:
                say(note)
        return tuple(place / name for pair in pairs for name in pair)

    def fetch(self, folder: Path) -> None:
        raise missing("paired-images", self.path, WANTED)

    def picture(self, file: BinaryIO, shape: Shape) -> NDArray[np.uint8]:
        """The crop in the middle. Raises UsageError for a picture that is smaller."""
        picture = self._decoded(file)
        if min(picture.shape[1:]) < self.side:
            raise UsageError(f"{_size(picture)} pixels, too small for a crop of {self.side}")
        top, left = ((length - self.side) // 2 for length in picture.shape[1:])
        return picture[:, top : top + self.side, left : left + self.side]

    def _look(self, folders: Sequence[Path]) -> tuple[Path, Tree]:
        place = find_place("paired-images", self.path, folders, WANTED)
        if not place.is_dir():
            raise UsageError(f"{place}: this is no folder; unpack it, and give the folder as path=")
        return place, tree_of(place)

    def _pairs(self, place: Path, tree: Tree) -> list[_Pair]:
        """Names of all sharp files and of their partners, sorted."""
        files = {name.lower(): name for name in tree.files if is_picture(name)}
        files |= {name: name for name in files.values()}
        pairs = []
        for name in sorted(set(files.values())):
            if (wanted := self._partner(name)) is None:
                continue
            if (partner := files.get(wanted, files.get(wanted.lower()))) is None:
                raise UsageError(f"{place / name}: its blurred partner {place / wanted} is missing")
            pairs.append((name, partner))
        if not pairs:
            raise UsageError(f"{place}: no picture in a folder called sharp or ..._sharp, as in REDS and GoPro")
        _check_empty(place, tree, pairs)
        return pairs

    def _partner(self, name: str) -> str | None:
        *folders, file = PurePosixPath(name).parts
        if not any(map(_is_sharp, folders)):
            return None
        renamed = [folder[: -len("sharp")] + self.blurred if _is_sharp(folder) else folder for folder in folders]
        return PurePosixPath(*renamed, file).as_posix()

    def load(self, folders: Sequence[Path]) -> Splits:
        """Raises UsageError for damaged files, pairs of two sizes, pictures smaller than a crop, too few frames."""
        place, tree = self._look(folders)
        scenes: dict[_Scene, list[_Pair]] = {}
        for pair in self._pairs(place, tree):
            scenes.setdefault(_part_and_scene(pair[0]), []).append(pair)
        parts = self._by_frame(place, scenes) if self.classes == "scenes" else self._by_scene(place, scenes)
        self._check_size(place, sum(len(part) for part in parts))
        (train, seen), (validation, _), (test, tested) = (self._cut(place, part) for part in parts)
        if self.classes == "one":
            check_repeats(place, seen, tested, self.repeated)
        names = (
            tuple("/".join(filter(None, scene)) for scene in scenes) if self.classes == "scenes" else ("photograph",)
        )
        return Splits(train, validation, test, names)

    def _by_frame(self, place: Path, scenes: _Scenes) -> _Parts:
        parts: _Parts = ([], [], [])
        for label, (scene, pairs) in enumerate(scenes.items()):
            train, validation = (max(1, round(share * len(pairs))) for share in SHARES)
            ends = (0, train, train + validation, len(pairs))
            if ends[2] >= ends[3]:
                raise UsageError(f"{place}: scene {scene[1]} has {len(pairs)} frames; three or more are needed")
            for part, start, end in zip(parts, ends, ends[1:], strict=False):
                part += [(pair, label) for pair in pairs[start:end]]
        return parts

    def _by_scene(self, place: Path, scenes: _Scenes) -> _Parts:
        of_part: dict[str, list[_Scene]] = {}
        for scene in scenes:
            of_part.setdefault(scene[0], []).append(scene)
        learning = of_part.get("train", []) + of_part.get("", [])
        validation = of_part.get("validation", []) if "test" in of_part else []
        test = of_part.get("test") or of_part.get("validation", [])
        if not test:
            learning, test = _last(learning, 0.2)
        if not validation:
            learning, validation = _last(learning, 0.1)
        if not (learning and validation and test):
            raise UsageError(f"{place}: three or more scenes are needed to train, validate and test")
        train, validating, testing = (
            [(pair, 0) for scene in part for pair in scenes[scene]] for part in (learning, validation, test)
        )
        return train, validating, testing

    def _check_size(self, place: Path, pairs: int) -> None:
        size = 2 * pairs * self.crops * 3 * self.side**2
        if size > MOST_BYTES:
            raise UsageError(
                f"{place}: {self.crops} crops of {pairs:,} pairs take {size / 2**30:.1f} GiB, and all of them must fit "
                f"into {MOST_BYTES / 2**30:.0f} GiB; choose fewer crops, a smaller side, or fewer scenes"
            )

    def _cut(self, place: Path, files: _Part) -> tuple[Split, list[Mark]]:
        import numpy as np

        marks: list[Mark] = []
        cut = [self._crops_of(place, pair, marks) for pair, _ in files]
        sharp, blurred = (np.concatenate([pair[which] for pair in cut]) for which in (0, 1))
        labels = np.repeat(np.array([label for _, label in files], np.int64), self.crops)
        order = np.random.RandomState(SEED).permutation(len(labels))
        return Split(sharp[order], labels[order], blurred[order]), marks

    def _crops_of(self, place: Path, pair: _Pair, marks: list[Mark]) -> list[NDArray[np.uint8]]:
        """The sharp crops and the blurred ones of a pair, each (crops, 3, side, side); adds the sharp one's mark."""
        import zlib

        import numpy as np

        sharp, blurred = (self._read(place / name) for name in pair)
        if sharp.shape != blurred.shape:
            raise UsageError(f"{place / pair[1]}: {_size(blurred)} pixels, but its sharp partner has {_size(sharp)}")
        if min(sharp.shape[1:]) < self.side:
            raise UsageError(f"{place / pair[0]}: {_size(sharp)} pixels, too small for crops of {self.side}")
        marks.append(mark(pair[0], sharp))
        draws = np.random.RandomState(zlib.crc32(pair[0].encode()))
        corners = [
            tuple(draws.randint(0, length - self.side + 1) for length in sharp.shape[1:]) for _ in range(self.crops)
        ]
        return [
            np.stack([picture[:, top : top + self.side, left : left + self.side] for top, left in corners])
            for picture in (sharp, blurred)
        ]

    def _read(self, path: Path) -> NDArray[np.uint8]:
        """A picture as (3, H, W), upright."""
        try:
            return self._decoded(path)
        except Exception as error:  # a damaged file may raise anything
            raise undecoded(path, error, self.megapixels) from None

    def _decoded(self, source: Path | BinaryIO) -> NDArray[np.uint8]:
        import numpy as np

        with open_image(source, self.megapixels) as file:
            return np.asarray(upright(file).convert("RGB")).transpose(2, 0, 1)


def _check_empty(place: Path, tree: Tree, pairs: Sequence[_Pair]) -> None:
    """Refuse a scene that would vanish since none of its sharp files is a picture."""
    taken = {PurePosixPath(name).parent for pair in pairs for name in pair}
    taken |= {folder for path in taken for folder in path.parents}
    for folder in map(PurePosixPath, tree.folders):
        if folder not in taken and any(map(_is_sharp, folder.parts)):
            raise UsageError(f"{place / folder}: no picture in this folder of sharp ones; put some in, or remove it")


def _unpaired(place: Path, tree: Tree, pairs: Sequence[_Pair]) -> str:
    taken = {name for pair in pairs for name in pair}
    alone = [name for name in tree.files if is_picture(name) and name not in taken]
    if not alone:
        return ""
    pictures = "1 picture is" if len(alone) == 1 else f"{len(alone):,} pictures are"
    return f"{place}: {pictures} in no pair and not read, such as {alone[0]}"


def _last(scenes: list[_Scene], share: float) -> tuple[list[_Scene], list[_Scene]]:
    """All but the last share of the scenes, and those: at least one."""
    count = max(1, round(share * len(scenes)))
    return scenes[:-count], scenes[-count:]


def _is_sharp(folder: str) -> bool:
    return folder.lower() == "sharp" or folder.lower().endswith("_sharp")


def _part_and_scene(name: str) -> _Scene:
    """Which part ("" where nothing says so) and which scene a sharp file belongs to."""
    shown = PurePosixPath(name).parts[:-1]
    folders = [folder.lower() for folder in shown]
    part = next(
        (PARTS[word] for folder in folders for word in (folder, folder.removesuffix("_sharp")) if word in PARTS), ""
    )
    scene = [folder for folder in shown if not _is_sharp(folder) and folder.lower() not in PARTS]
    return part, "/".join(scene) or "all"


def _size(picture: NDArray[np.uint8]) -> str:
    return f"{picture.shape[2]}x{picture.shape[1]}"


@hookimpl
def register_datasets(register: Callable[[str, type[Dataset]], None]) -> None:
    register("paired-images", PairedImages)
