"""What a data set plugin gives is checked once, where it is decoded into the results folder."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from blurbench.contract import Dataset, Split, Splits
from blurbench.errors import PluginError, RecordError
from blurbench.matrix.cell import Data
from blurbench.registry import Registration, Registry
from blurbench.store import dataset_cache
from blurbench.store.dataset_cache import describe, fingerprint, read_splits, restored_splits
from blurbench.store.store import Store

CLEAN = np.random.default_rng(0).integers(0, 256, (120, 1, 8, 8), np.uint8)


def split(images: NDArray[np.uint8]) -> Split:
    return Split(images, np.arange(len(images), dtype=np.int64) % 3)


APART = Splits(split(CLEAN[:60]), split(CLEAN[60:80]), split(CLEAN[80:]), ("a", "b", "c"))


@dataclass(frozen=True)
class Given(Dataset):
    """The parts that a test sets."""

    which: int = 0

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return ()

    def load(self, folders: Sequence[Path]) -> Splits:
        return HELD[self.which]


HELD: dict[int, Splits] = {}


def decoded(folder: Path, splits: Splits) -> tuple[Registry, Store, Data]:
    """Through the door that planning takes."""
    registry = Registry()
    registry.add(Registration("datasets", "given", Given, "outside", "1"))
    HELD[0] = splits
    store = Store(folder)
    store.create()
    return registry, store, describe(registry, store, Given(), ())


def decode(folder: Path, splits: Splits) -> int:
    """The number of training images."""
    return decoded(folder, splits)[2].train


def test_parts_that_share_nothing_are_taken(tmp_path: Path) -> None:
    assert decode(tmp_path, APART) == 60


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        (replace(APART, test=APART.train), "60 of the 60 test images are training images, too"),
        (replace(APART, test=APART.validation), "20 of the 20 test images are validation images, too"),
        (replace(APART, validation=APART.train), "60 of the 60 validation images are training images, too"),
        (replace(APART, test=split(CLEAN[55:95])), "5 of the 40 test images are training images, too"),
    ],
)
def test_test_images_that_were_seen_before_are_refused_in_one_line(tmp_path: Path, spoilt: Splits, says: str) -> None:
    with pytest.raises(PluginError, match=says) as caught:
        decode(tmp_path, spoilt)
    assert str(caught.value).startswith("data set given: ")
    assert str(caught.value).endswith("give each image to one part only")


LABELLED = APART.train.labels


@pytest.mark.parametrize(
    ("spoilt", "says"),
    [
        (split(CLEAN[:60, :, :4]), r"images must be \(N, C, H, W\), of one size in all parts"),
        (split(CLEAN[:60].astype(np.float32)), "train images must be uint8 and labels int64"),  # type: ignore[arg-type]
        (Split(CLEAN[:60], LABELLED.astype(np.int32)), "train images must be uint8 and labels int64"),  # type: ignore[arg-type]
        (Split(CLEAN[:60], LABELLED[:50]), "train has 60 images and 50 labels"),
        (Split(CLEAN[:60], LABELLED + 1), "train has labels outside 0..2"),
        (Split(CLEAN[:60], LABELLED - 1), "train has labels outside 0..2"),
        (replace(APART.train, recorded=CLEAN[:59]), "train recorded images must be as the images, uint8 and of their"),
    ],
)
def test_parts_that_are_no_images_with_labels_are_refused_in_one_line(tmp_path: Path, spoilt: Split, says: str) -> None:
    with pytest.raises(PluginError, match=f"^data set given: {says}"):
        decode(tmp_path, replace(APART, train=spoilt))


def test_a_data_set_without_test_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"^data set given: test has 0 images and 0 labels"):
        decode(tmp_path, replace(APART, test=split(CLEAN[:0])))


def test_a_few_that_were_collected_twice_and_black_ones_are_tolerated(tmp_path: Path) -> None:
    few = np.concatenate([CLEAN[57:60], CLEAN[83:]])
    black = np.zeros_like(CLEAN[:30])
    assert decode(tmp_path / "few", replace(APART, test=split(few))) == 60
    both = replace(APART, train=split(np.concatenate([black, CLEAN[:30]])), test=split(black))
    assert decode(tmp_path / "black", both) == 60


def test_one_pixel_one_label_and_one_image_in_another_part_change_the_fingerprint() -> None:
    pixel, labels = CLEAN[:60].copy(), APART.train.labels.copy()
    pixel[7, 0, 3, 3] ^= 1
    labels[7] = (labels[7] + 1) % 3
    moved = replace(APART, train=split(CLEAN[:59]), validation=split(CLEAN[59:80]))
    recorded = replace(APART.train, recorded=CLEAN[:60])
    others = [split(pixel), replace(APART.train, labels=labels), recorded]
    found = [fingerprint(one) for one in (APART, moved, *(replace(APART, train=other) for other in others))]
    assert len(set(found)) == 5


def test_decoded_images_that_were_changed_are_not_believed_and_decoded_again(tmp_path: Path) -> None:
    registry, store, data = decoded(tmp_path, APART)
    path = store.root / "data" / data.key / "test-images.npy"
    spoilt = bytearray(path.read_bytes())
    spoilt[-1] ^= 1
    path.write_bytes(spoilt)
    with pytest.raises(RecordError, match="the decoded images in the results folder were changed"):
        read_splits(store, data.key)
    again = restored_splits(registry, store, Given(), data, ())
    np.testing.assert_array_equal(again["test"].images, APART.test.images)


def test_a_data_set_that_is_another_one_by_now_is_not_measured_on(tmp_path: Path) -> None:
    registry, store, data = decoded(tmp_path, APART)
    (store.root / "data" / data.key / "test-images.npy").unlink()
    HELD[0] = replace(APART, test=split(CLEAN[85:]))
    with pytest.raises(RecordError, match=r"given are not those that the run was planned with; run again"):
        restored_splits(registry, store, Given(), data, ())


def test_looking_at_as_many_images_as_mnist_has_takes_no_time_to_speak_of(tmp_path: Path) -> None:
    from blurbench.store.dataset_cache import _check_apart

    images = np.random.default_rng(1).integers(0, 256, (70_000, 1, 28, 28), np.uint8)
    large = Splits(split(images[:50_000]), split(images[50_000:60_000]), split(images[60_000:]), ("a", "b", "c"))
    before = time.process_time()
    _check_apart("large", large)
    assert time.process_time() - before < 1.5


@dataclass(frozen=True)
class Overtaken(Given):
    """While it loads, another run decodes the same and is read from: where locks do not hold."""

    def load(self, folders: Sequence[Path]) -> Splits:
        if PLACES:
            store, aside = Store(PLACES.pop()), Store(PLACES.pop())
            aside.create()
            describe(REGISTRY, aside, self, ())
            (made,) = (aside.root / "data").iterdir()
            THEIRS.append(made.stat().st_ino)
            made.rename(store.root / "data" / made.name)
        return APART


PLACES: list[Path] = []
THEIRS: list[int] = []
REGISTRY = Registry()
REGISTRY.add(Registration("datasets", "overtaken", Overtaken, "outside", "1"))


def test_images_that_another_run_decoded_meanwhile_stay_as_they_are(tmp_path: Path) -> None:
    store = Store(tmp_path / "own")
    store.create()
    (store.root / "data").mkdir(exist_ok=True)
    PLACES.extend([tmp_path / "aside", tmp_path / "own"])
    assert describe(REGISTRY, store, Overtaken(), ()).train == 60
    (folder,) = (store.root / "data").iterdir()
    assert [folder.stat().st_ino] == THEIRS


@dataclass(frozen=True)
class Many(Given):
    """A folder of files, none of which is read; it counts how often it is asked for them."""

    path: str = ""

    def sources(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        ASKED.append(self.path)
        return tuple(sorted(Path(self.path).glob("*/*")))

    def places(self, folders: Sequence[Path]) -> tuple[Path, ...]:
        return (Path(self.path), *sorted(Path(self.path).iterdir()))


ASKED: list[str] = []
LONG_AGO = (10**9, 10**9)


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Plan with 30 files in 3 folders, which count as a great many; the key."""
    monkeypatch.setattr(dataset_cache, "MANY", 30)
    monkeypatch.setattr(dataset_cache, "SAMPLED", 10)
    root, registry, store = tmp_path / "many", Registry(), Store(tmp_path / "store")
    registry.add(Registration("datasets", "many", Many, "outside", "1"))
    store.create()
    HELD[0] = APART
    for number in range(30):
        file = root / f"c{number % 3}" / f"{number:02}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
        os.utime(file, LONG_AGO)
    for place in (root, *root.iterdir()):
        os.utime(place, LONG_AGO)

    def planned() -> str:
        ASKED.clear()
        return describe(registry, store, Many(path=str(root)), ()).key

    return planned


def test_a_great_many_files_are_listed_once_as_long_as_their_folders_stay(many: Callable[[], str]) -> None:
    first = many()
    assert ASKED
    assert many() == first
    assert not ASKED


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "c1" / "new").write_text("x"),
        lambda root: (root / "c1" / "01").unlink(),
        lambda root: (root / "c1" / "01").rename(root / "c1" / "0"),
        lambda root: (root / "c4").mkdir(),
        lambda root: [path.write_text("y") for path in root.glob("*/*")],
    ],
    ids=["one more", "one less", "another name", "another folder", "all overwritten"],
)
def test_a_great_many_files_are_listed_again_where_their_folders_or_all_of_them_changed(
    tmp_path: Path, many: Callable[[], str], change: Callable[[Path], object]
) -> None:
    many()
    change(tmp_path / "many")
    many()
    assert ASKED


def test_folders_that_changed_a_moment_ago_are_not_believed(tmp_path: Path, many: Callable[[], str]) -> None:
    os.utime(tmp_path / "many" / "c1")
    first = many()
    assert many() == first
    assert ASKED
