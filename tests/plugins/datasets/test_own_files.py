"""A user's own folders: what is not taken is said, and nothing but pictures is ever read as one."""

from __future__ import annotations

import bz2
import io
import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
from blurbench_datasets.idx import read_idx
from blurbench_datasets.imagefolder import ImageFolder
from blurbench_datasets.paired_images import PairedImages
from blurbench_datasets.usps import read_libsvm
from PIL import Image

from blurbench.errors import UsageError

ORIENTATION = 0x0112
"""The EXIF tag."""


def picture(seed: int, size: int = 12) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8))


def write(place: Path, classes: tuple[str, ...] = ("cat", "dog"), parts: tuple[str, str] = ("train", "test")) -> Path:
    """Ten training and five test pictures a class, each another one."""
    numbers = iter(range(10_000))
    for part, each in zip(parts, (10, 5), strict=True):
        for name in classes:
            (place / part / name).mkdir(parents=True)
            for number in range(each):
                picture(next(numbers)).save(place / part / name / f"{number}.png")
    return place


def as_zip(place: Path) -> Path:
    packed = place.with_suffix(".zip")
    with ZipFile(packed, "w") as archive:
        for path in sorted(place.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(place))
    return packed


def refused(place: Path) -> str:
    """In what words a place is refused, before it is decoded or while it is."""
    plugin = ImageFolder(path=str(place), side=8)
    with pytest.raises(UsageError) as caught:
        _ = plugin.sources([]), plugin.load([])
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- what is not taken is said -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["HEIC", "avif", "cr2", "jp2"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_class_of_which_no_file_is_read_does_not_vanish(tmp_path: Path, ending: str, packed: bool) -> None:
    place = write(tmp_path / "pets")
    for part in ("train", "test"):
        (place / part / "bird").mkdir()
        for number in range(3):
            (place / part / "bird" / f"{number}.{ending}").write_bytes(b"not read")
    said = refused(as_zip(place) if packed else place)
    assert f"test/bird: this class would be left out, its 3 files (as test/bird/0.{ending})" in said


def test_an_empty_class_does_not_vanish(tmp_path: Path) -> None:
    place = write(tmp_path / "pets")
    (place / "train" / "bird").mkdir()
    assert "train/bird: this class would be left out, it is empty" in refused(place)


def test_single_files_that_are_not_read_are_counted_with_an_example(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = write(tmp_path / "pets")
    for name in ("a.HEIC", "b.txt"):
        (place / "train" / "cat" / name).touch()
    assert len(ImageFolder(path=str(place), side=8).load([]).train) == 18
    ImageFolder(path=str(place)).sources([])
    assert "2 other files are not read, such as train/cat/a.HEIC" in caplog.text


def test_folders_inside_a_class_are_read_from_disk_and_from_a_zip_file_alike(tmp_path: Path) -> None:
    place = write(tmp_path / "pets")
    (place / "train" / "cat" / "2019").mkdir()
    picture(999).save(place / "train" / "cat" / "2019" / "b.png")
    loaded = [ImageFolder(path=str(path), side=12).load([]) for path in (place, as_zip(place))]
    for splits in loaded:
        assert len(splits.train) + len(splits.validation) == 21
    assert np.array_equal(loaded[0].train.images, loaded[1].train.images)


# --- parts and classes ---------------------------------------------------------------------------------------------


def test_test_pictures_that_are_training_pictures_are_refused(tmp_path: Path) -> None:
    place = write(tmp_path / "pets")
    for number in range(4):
        shutil.copy(place / "train" / "cat" / f"{number}.png", place / "test" / "cat" / f"again{number}.png")
    assert "test images are training images, too, pixel for pixel, such as test/cat/again" in refused(place)
    assert ImageFolder(path=str(write(tmp_path / "others")), side=8).load([]).class_names == ("cat", "dog")


def test_parts_may_be_written_with_capitals_and_other_words_are_told_those_that_are_taken(tmp_path: Path) -> None:
    place = write(tmp_path / "pets", parts=("Train", "TEST"))
    assert len(ImageFolder(path=str(place), side=8).load([]).test) == 10
    assert "words for parts: train, val, valid, validation, test" in refused(
        write(tmp_path / "others", parts=("learn", "exam"))
    )


def test_classes_that_are_numbers_come_in_their_order_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    numbers = tuple(map(str, range(12)))
    path = str(write(tmp_path / "pets", classes=numbers))
    for order, names in (("auto", numbers), ("natural", numbers), ("text", tuple(sorted(numbers)))):
        plugin = ImageFolder(path=path, side=8, class_order=order)
        plugin.sources([])
        splits = plugin.load([])
        assert splits.class_names == names
        assert plugin.class_names([]) == names
    assert caplog.text.count("the classes are taken in the order 0, 1, 2, 3 ... 11") == 1  # where nobody chose it


# --- what is no picture --------------------------------------------------------------------------------------------


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _postscript(path: Path) -> None:
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 40\nshowpage\n")


def _vectors(path: Path) -> None:
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")


def _empty(path: Path) -> None:
    path.touch()


@pytest.mark.parametrize("made", [_fifo, _device, _postscript, _vectors, _empty])
def test_what_is_no_picture_under_the_name_of_one_is_named(tmp_path: Path, made: Callable[[Path], None]) -> None:
    place = write(tmp_path / "pets")
    made(place / "train" / "cat" / "holiday.png")
    assert str(place / "train" / "cat" / "holiday.png") in refused(place)


def test_a_zip_entry_larger_than_a_picture_may_be_is_refused_before_it_is_read(tmp_path: Path) -> None:
    packed = as_zip(write(tmp_path / "pets"))
    with ZipFile(packed, "a", ZIP_DEFLATED) as archive, archive.open("train/cat/huge.png", "w") as entry:
        for _ in range(250):
            entry.write(bytes(2**20))
    plugin = ImageFolder(path=str(packed), side=8, megapixels=10)
    with pytest.raises(UsageError, match=r"train/cat/huge.png: cannot be decoded \(it would unpack to 262,144,000"):
        plugin.load([])


def test_a_class_that_is_a_link_to_a_folder_is_read(tmp_path: Path) -> None:
    place = write(tmp_path / "pets")
    shutil.move(place / "train" / "cat", tmp_path / "cats")
    (place / "train" / "cat").symlink_to(tmp_path / "cats", target_is_directory=True)
    (tmp_path / "link").symlink_to(place, target_is_directory=True)
    assert ImageFolder(path=str(tmp_path / "link"), side=8).load([]).class_names == ("cat", "dog")


# --- pairs ---------------------------------------------------------------------------------------------------------


def write_pairs(place: Path, orientation: int | None = None) -> Path:
    for scene in ("a", "b"):
        for kind in ("sharp", "blur"):
            (place / scene / kind).mkdir(parents=True)
            for frame in range(3):
                options = {}
                if orientation:
                    exif = Image.Exif()
                    exif[ORIENTATION] = orientation
                    options = {"exif": exif}
                picture(frame + 10 * (scene == "b"), 40).save(place / scene / kind / f"{frame:06d}.png", **options)
    return place


def test_a_pair_is_turned_as_its_exif_data_say(tmp_path: Path) -> None:
    upright = PairedImages(path=str(write_pairs(tmp_path / "upright")), side=40, crops=1).load([]).test
    turned = PairedImages(path=str(write_pairs(tmp_path / "turned", 3)), side=40, crops=1).load([]).test
    assert np.array_equal(turned.images, upright.images[..., ::-1, ::-1])


def test_hidden_files_beside_pairs_do_no_harm(tmp_path: Path) -> None:
    place = write_pairs(tmp_path / "pairs")
    (place / "a" / "sharp" / "._000001.png").write_bytes(b"\0\5\x16\7")
    (place / ".DS_Store").write_bytes(b"x")
    assert len(PairedImages(path=str(place), side=32, crops=1).load([]).test) == 2


# --- damaged files of published sets -------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(-1, 28, 28), (-3, -28, 28), (2**31 - 1, 28, 28), (0, 28, 28)])
def test_an_idx_header_that_cannot_be_is_refused_with_the_files_name(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(bytes((0, 0, 8, 3)) + struct.pack(">3i", *sizes) + bytes(784))
    with pytest.raises(UsageError, match=r"train-images-idx3-ubyte: damaged, -?\d+ bytes are promised by its header"):
        read_idx(path, 3)


@pytest.mark.parametrize(
    ("label", "value", "complaint"),
    [
        ("1", "nan", "values should lie between -1 and 1, and there is nan"),
        ("1", "inf", "values should lie between -1 and 1, and there is inf"),
        ("1", "1.5", "values should lie between -1 and 1, and there is 1.5"),
        ("1.5", "0.5", "labels should lie between 1 and 10, whole numbers"),
        ("nan", "0.5", "labels should lie between 1 and 10, whole numbers"),
    ],
)
def test_usps_values_and_labels_that_cannot_be_are_refused(
    tmp_path: Path, label: str, value: str, complaint: str
) -> None:
    lines = io.StringIO()
    for first in ("0.25", value):
        lines.write(" ".join([label, f"1:{first}", *(f"{place}:0" for place in range(2, 257))]) + "\n")
    path = tmp_path / "usps.bz2"
    path.write_bytes(bz2.compress(lines.getvalue().encode()))
    with pytest.raises(UsageError, match=complaint):
        read_libsvm(path)
