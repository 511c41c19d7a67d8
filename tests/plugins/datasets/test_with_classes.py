"""A data set labelled by the classes of a network that knows more of them, or has them in another order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from blurbench_datasets.imagefolder import ImageFolder
from blurbench_datasets.sharp_and_blurred import SharpAndBlurred
from blurbench_datasets.with_classes import WithClasses
from PIL import Image

from blurbench.contract import Dataset
from blurbench.errors import BlurbenchError, UsageError
from blurbench.registry import Registry, config, label


def write(place: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (place / name).mkdir(parents=True)
        Image.new("L", (8, 8), number).save(place / name / f"{number}.png")
    return place


@pytest.fixture
def base(tmp_path: Path) -> Dataset:
    return ImageFolder(path=str(write(tmp_path / "photos", "bee", "cat")), side=8, test=1.0)


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    path.write_text("\ufeffdog\ncat\n\n bee \n", encoding="utf-8")
    return path


def test_labels_are_the_places_of_the_names_and_pixels_are_the_bases(base: Dataset, names: Path) -> None:
    splits = WithClasses(base, names).load(())
    assert splits.class_names == ("dog", "cat", "bee")
    found = dict(zip(splits.test.images[:, 0, 0, 0].tolist(), splits.test.labels.tolist(), strict=True))
    assert found == {0: 2, 1: 1}
    assert len(splits.train) == 0


def test_a_training_folder_names_the_classes_in_its_order(base: Dataset, tmp_path: Path) -> None:
    trained_on = write(tmp_path / "trained on", "ant", "bee", "cat", "dog")
    dataset = WithClasses(base, trained_on)
    assert dataset.load(()).class_names == ("ant", "bee", "cat", "dog")
    assert sorted(dataset.load(()).test.labels) == [1, 2]
    assert trained_on / "dog" in dataset.sources(())  # another class changes what was decoded
    assert dataset.files() == ()


def test_the_content_of_the_file_is_part_of_the_key(registry: Registry, base: Dataset, names: Path) -> None:
    before = config(registry, WithClasses(base, names))
    assert registry.resolve("datasets", label(registry, WithClasses(base, names))) == WithClasses(base, names)
    names.write_text("cat\nbee\ndog\n")
    assert config(registry, WithClasses(base, names))["files"] != before["files"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"bee\ndog\n", "class 'cat' is none of the network's 2 classes; known: bee, dog"),
        (b"bee\ncat\nbee\n", "'bee' is there twice"),
        (b"\n", "it is empty"),
        (b"\xff\xfe\x00", "this is no text"),
        (None, "No such file or directory"),
    ],
)
def test_names_that_name_nothing_are_refused(base: Dataset, names: Path, content: bytes | None, says: str) -> None:
    names.unlink() if content is None else names.write_bytes(content)
    with pytest.raises(BlurbenchError, match=says):
        WithClasses(base, names).load(())


def test_really_blurred_pictures_have_the_same_labels(tmp_path: Path, names: Path) -> None:
    write(tmp_path / "both" / "sharp", "bee", "cat")
    blurred_cat = tmp_path / "both" / "blurred" / "cat"
    blurred_cat.mkdir(parents=True)
    for number in (7, 8):
        Image.new("L", (8, 8), number).save(blurred_cat / f"{number}.png")
    dataset = WithClasses(SharpAndBlurred(path=str(tmp_path / "both"), side=8, test=1.0), names)
    blurred = dataset.photographed()
    assert blurred is not None
    assert np.array_equal(blurred.load(()).test.labels, [1, 1])
    assert blurred.photographed() is None


def test_the_pictures_that_test_are_told_with_their_classes(base: Dataset, names: Path) -> None:
    found = WithClasses(base, names).tested(())
    assert found is not None
    assert [(path.name, name) for path, name in found.pictures] == [("0.png", "bee"), ("1.png", "cat")]
    assert found.class_names == ("dog", "cat", "bee")
    names.write_text("bee\n")
    with pytest.raises(UsageError, match="class 'cat' is none"):
        WithClasses(base, names).tested(())


def test_the_order_that_is_said_is_that_of_the_names(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    photos, trained_on = write(tmp_path / "photos", "2", "10"), write(tmp_path / "trained on", "1", "2", "10")
    dataset = ImageFolder.of_folder(photos, 8, trained_on)
    assert dataset is not None
    dataset.sources(())
    assert f"{trained_on}: the classes are taken in the order 1, 2, 10; if" in caplog.text
    assert str(photos) not in caplog.text
    assert sorted(dataset.load(()).test.labels) == [1, 2]
