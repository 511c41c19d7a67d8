"""The data set `imagefolder`: pictures of every kind, written here."""

import io
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from blurbench_datasets import imagefolder
from blurbench_datasets.imagefolder import ImageFolder, set_aside
from PIL import Image

from blurbench.errors import Unavailable, UsageError
from blurbench.imaging.files import decoded

CLASSES = ("ant", "bee", "cat")


def encoded(picture: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def coloured(number: int, size: tuple[int, int] = (12, 10)) -> bytes:
    """A flat picture that tells its number by its red."""
    return encoded(Image.new("RGB", size, (number, 200, 0)))


def write(place: Path, names: Iterable[str]) -> None:
    """Numbered pictures, in a zip file where the place ends in .zip."""
    if place.suffix == ".zip":
        with ZipFile(place, "w") as archive:
            for number, name in enumerate(names):
                archive.writestr(name, coloured(number))
        return
    for number, name in enumerate(names):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(coloured(number))


def in_parts(*parts: str, each: int = 3) -> list[str]:
    return [f"{part}/{label}/{number}.png" for part in parts for label in CLASSES for number in range(each)]


FLAT = [f"{label}/{number}.png" for label in CLASSES for number in range(10)]


def numbers(part) -> list[int]:
    return sorted(part.images[:, 0, 0, 0].tolist())


# --- layouts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["pictures", "pictures.zip"])
@pytest.mark.parametrize("test", ["test", "val"])
def test_one_part_beside_train_tests_and_a_share_of_train_validates(place, test, tmp_path):
    write(tmp_path / place, in_parts("train", test))
    whole = ImageFolder(path=place, side=8, validation=0.3).load([tmp_path / "elsewhere", tmp_path])
    assert whole.class_names == CLASSES
    assert numbers(whole.test) == list(range(9, 18))
    assert sorted(numbers(whole.train) + numbers(whole.validation)) == list(range(9))
    assert whole.train.images.shape[1:] == (3, 8, 8)
    assert (whole.train.images.dtype, whole.train.labels.dtype) == (np.uint8, np.int64)


@pytest.mark.parametrize("place", ["pictures", "pictures.zip"])
def test_three_parts_are_taken_as_they_are_and_labels_follow_the_sorted_folders(place, tmp_path):
    write(tmp_path / place, in_parts("train", "valid", "test"))
    whole = ImageFolder(path=place, side=8).load([tmp_path])
    for first, part in zip((0, 9, 18), (whole.train, whole.validation, whole.test), strict=True):
        assert numbers(part) == list(range(first, first + 9))
        assert np.array_equal((part.images[:, 0, 0, 0] - first) // 3, part.labels)


@pytest.mark.parametrize("place", ["pictures", "pictures.zip"])
def test_folders_of_classes_alone_are_split_class_by_class(place, tmp_path):
    write(tmp_path / place, FLAT)
    whole = ImageFolder(path=place, side=8, validation=0.25).load([tmp_path])
    parts = (whole.train, whole.validation, whole.test)
    assert [np.bincount(part.labels).tolist() for part in parts] == [[6] * 3, [2] * 3, [2] * 3]
    assert sorted(number for part in parts for number in numbers(part)) == list(range(30))
    again = ImageFolder(path=place, side=8, validation=0.25).load([tmp_path])
    assert np.array_equal(again.train.images, whole.train.images)


def test_a_zip_file_may_hold_all_in_one_folder_and_what_a_mac_adds(tmp_path):
    names = [f"pictures/{name}" for name in in_parts("train", "test")]
    write(tmp_path / "pictures.zip", [*names, "__MACOSX/pictures/train/ant/._0.png", "pictures/train/.DS_Store"])
    whole = ImageFolder(path="pictures.zip", side=8).load([tmp_path])
    assert whole.class_names == CLASSES
    assert len(whole.test) == 9


def test_any_run_from_the_start_holds_the_classes_as_equally_as_it_can(tmp_path):
    write(tmp_path / "pictures", in_parts("train", "val", "test", each=4))
    whole = ImageFolder(path="pictures", side=8).load([tmp_path])
    for part in (whole.train, whole.validation, whole.test):
        assert sorted(part.labels[:6]) == [0, 0, 1, 1, 2, 2]


def test_a_class_of_one_image_trains():
    files = [("ant/0.png", "ant"), *((f"bee/{number}.png", "bee") for number in range(8))]
    train, test = set_aside(files, 0.25)
    assert ("ant/0.png", "ant") in train
    assert len(test) == 2
    assert sorted(train + test) == files


def test_the_sources_are_the_zip_file_or_all_images(tmp_path):
    write(tmp_path / "pictures.zip", FLAT)
    write(tmp_path / "pictures", FLAT)
    (tmp_path / "pictures" / "ant" / "notes.txt").touch()
    assert ImageFolder(path="pictures.zip").sources([tmp_path]) == (tmp_path / "pictures.zip",)
    assert ImageFolder(path="pictures").sources([tmp_path]) == tuple(tmp_path / "pictures" / name for name in FLAT)
    assert ImageFolder(path=str(tmp_path / "pictures.zip")).sources([]) == (tmp_path / "pictures.zip",)


# --- refusals ------------------------------------------------------------------------------------------------------


def test_a_missing_place_says_how_to_name_it(tmp_path):
    for ask in (lambda: ImageFolder().sources([tmp_path]), lambda: ImageFolder().fetch(tmp_path)):
        with pytest.raises(Unavailable, match=r"imagefolder: images is not in any data folder; give .* path="):
            ask()


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ([], r"pictures.zip: no image in PART/CLASS/FILE or CLASS/FILE"),
        (in_parts("val", "test"), "there is no folder train beside test, validation"),
        ([*in_parts("train"), "train/0.png"], "train/0.png is not in train, val or test/CLASS/"),
        ([*in_parts("train"), "extra/ant/0.png"], "extra/ant/0.png is not in train, val or test/CLASS/"),
        ([*FLAT, "ant/more/0.png"], "ant/more/0.png is not in CLASS/"),
        ([*in_parts("train", "test"), "test/dog/0.png"], "test/dog/0.png is of class 'dog', of which there is no"),
        (["ant/0.png", "bee/0.png"], "too few images to train, validate and test"),
    ],
)
def test_other_layouts_are_refused_in_one_line(names, complaint, tmp_path):
    write(tmp_path / "pictures.zip", names)
    with pytest.raises(UsageError, match=complaint) as caught:
        ImageFolder(path="pictures.zip", side=8).load([tmp_path])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", b"not an image", coloured(0)[:45], encoded(Image.effect_noise((40, 40), 50), "JPEG")[:400]]
)
def test_a_corrupt_file_is_named_in_one_line(content, tmp_path):
    write(tmp_path / "pictures", in_parts("train", "test"))
    path = tmp_path / "pictures" / "test" / "bee" / "1.png"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        ImageFolder(path="pictures", side=8).load([tmp_path])
    assert str(caught.value).startswith(f"{path}: cannot be decoded (")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_zip_is_named(tmp_path):
    (tmp_path / "pictures.zip").write_bytes(b"PK, but no more")
    with pytest.raises(UsageError, match=r"pictures\.zip: cannot be read as a zip file"):
        ImageFolder(path="pictures.zip").load([tmp_path])


def test_more_images_than_the_disk_holds_are_refused_before_any_is_decoded(tmp_path, monkeypatch):
    write(tmp_path / "pictures", in_parts("train", "test", each=200))
    for path in (tmp_path / "pictures").rglob("*.png"):
        path.write_bytes(b"never read")
    full = shutil.disk_usage(tmp_path)._replace(free=10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda place: full)
    with pytest.raises(
        UsageError, match=r"1,200 images of 64 pixels take 0\.0 GiB.* choose a smaller side or set TMPDIR"
    ):
        ImageFolder(path="pictures", side=64).load([tmp_path])


def test_many_images_go_through_the_disk_and_come_out_the_same(tmp_path, monkeypatch):
    write(tmp_path / "pictures", in_parts("train", "test"))
    few = ImageFolder(path="pictures", side=8).load([tmp_path])
    monkeypatch.setattr(imagefolder, "IN_MEMORY", 0)
    many = ImageFolder(path="pictures", side=8).load([tmp_path])
    assert isinstance(many.train.images, np.memmap)
    assert np.array_equal(many.train.images, few.train.images)


# --- pixels --------------------------------------------------------------------------------------------------------

RAMP = np.arange(0, 256, 16, dtype=np.uint8) * np.ones((16, 1), np.uint8)


def test_an_image_of_the_right_size_is_not_changed():
    colours = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    assert np.array_equal(decoded(encoded(Image.fromarray(colours)), 16, grey=False), colours.transpose(2, 0, 1))


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1", "LA", "RGBA"])
def test_grey_pictures_of_any_mode_keep_their_values(mode):
    values = RAMP if mode != "1" else np.where(RAMP > 127, 255, 0).astype(np.uint8)
    content = encoded(Image.fromarray(values).convert(mode))
    assert np.array_equal(decoded(content, 16, grey=True), values[None])
    assert np.array_equal(decoded(content, 16, grey=False), np.stack([values] * 3))


def test_colour_becomes_grey_by_the_luma_weights():
    content = encoded(Image.new("RGB", (4, 4), (250, 100, 50)))
    assert decoded(content, 4, grey=True)[0, 0, 0] == round(0.299 * 250 + 0.587 * 100 + 0.114 * 50)


def test_16_bits_become_8():
    values = (RAMP.astype(np.uint16) * 257).astype(np.uint16)
    assert np.array_equal(decoded(encoded(Image.fromarray(values)), 16, grey=True)[0], RAMP)


def test_transparent_pixels_show_black():
    colours = np.full((4, 4, 4), 200, np.uint8)
    colours[:, :, 3] = [255, 0, 0, 51]
    assert decoded(encoded(Image.fromarray(colours)), 4, grey=False)[:, 0].tolist() == [[200, 0, 0, 40]] * 3


def test_a_transparent_colour_of_a_palette_shows_black():
    picture = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P")
    picture.putpalette([250, 0, 0, 0, 250, 0])
    assert decoded(encoded(picture, "GIF", transparency=1), 2, grey=False)[:2].tolist() == [
        [[250, 0], [0, 250]],
        [[0, 0], [0, 0]],
    ]


def test_cmyk_becomes_rgb():
    content = encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100)
    red, green, blue = decoded(content, 8, grey=False)[:, 4, 4].tolist()
    assert red > 250
    assert max(green, blue) < 5


def test_pictures_are_turned_as_their_exif_data_say():
    exif = Image.Exif()
    exif[0x0112] = 6  # the top of the scene is at the right of the file
    content = encoded(Image.fromarray(RAMP), "PNG", exif=exif)
    assert np.array_equal(decoded(content, 16, grey=True)[0], np.rot90(RAMP, -1))


@pytest.mark.parametrize("size", [(40, 8), (8, 40)])
def test_of_an_oblong_picture_the_central_square_is_kept(size):
    width, height = size
    values = np.zeros((height, width), np.uint8)
    values[height // 2 - 4 : height // 2 + 4, width // 2 - 4 : width // 2 + 4] = 255
    assert (decoded(encoded(Image.fromarray(values)), 8, grey=True) == 255).all()


def test_a_very_long_picture_is_no_trouble():
    assert decoded(encoded(Image.new("L", (20_000, 1), 7)), 64, grey=True).shape == (1, 64, 64)


def test_reducing_averages_and_does_not_pick_pixels():
    checks = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert np.abs(decoded(encoded(Image.fromarray(checks)), 8, grey=True).astype(int) - 127).max() <= 8


def test_floating_point_pictures_are_refused():
    with pytest.raises(ValueError, match="unknown range"):
        decoded(encoded(Image.new("F", (4, 4), 0.5), "TIFF"), 4, grey=True)


@pytest.mark.data
def test_cifar10_as_jpegs_in_a_zip_file():
    folder = Path(os.environ["BLURBENCH_DATA"])
    whole = ImageFolder(path="cifar10-jpg.zip", side=32).load([folder])
    assert whole.class_names[:3] == ("airplane", "automobile", "bird")
    assert [len(part) for part in (whole.train, whole.validation, whole.test)] == [45_000, 5_000, 10_000]
    assert set(np.bincount(whole.validation.labels)) == {500}


def test_a_folder_of_classes_alone_tests_with_all_of_it(tmp_path, registry):
    for name in ("a/1.png", "a/2.png", "b/3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((9, 12), int(name[2]), np.uint8)).save(tmp_path / name)
    splits = registry.folder_dataset(tmp_path, 8).load(())
    assert (len(splits.train), len(splits.validation), splits.test.images.shape) == (0, 0, (3, 3, 8, 8))
    assert sorted(splits.test.labels.tolist()) == [0, 0, 1]


def test_the_folders_that_say_whether_pictures_came_or_went_are_all_there_are(tmp_path: Path) -> None:
    for name in ("train/a/deep/1.png", "train/b/2.png", "test/a/3.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8)).save(tmp_path / name)
    (tmp_path / "train" / "a" / "later").mkdir()
    found = ImageFolder(path=str(tmp_path)).places(())
    names = ("", "test", "test/a", "train", "train/a", "train/a/deep", "train/a/later", "train/b")
    assert found == tuple(tmp_path / name for name in names)
    archive = tmp_path / "all.zip"
    with ZipFile(archive, "w") as file:
        file.write(tmp_path / "test" / "a" / "3.png", "train/a/3.png")
    assert ImageFolder(path=str(archive)).places(()) == ()
