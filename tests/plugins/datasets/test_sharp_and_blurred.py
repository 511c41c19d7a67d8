"""Folders of sharp pictures and of others that are really blurred, and the test blur that leaves these as they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from blurbench_blurs.as_photographed import AsPhotographed
from blurbench_datasets.imagefolder import ImageFolder
from blurbench_datasets.sharp_and_blurred import SharpAndBlurred
from PIL import Image

from blurbench.contract import ImageSet
from blurbench.errors import Skip, Unavailable, UsageError
from blurbench.imaging.draws import Draws
from blurbench.testing import check_plugin


def write(folder: Path, **counts: int) -> None:
    """So many noisy pictures of each class."""
    for label, count in counts.items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            seed = [len(folder.name), len(label), ord(label[0]), number]
            pixels = np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")


@pytest.fixture
def photos(tmp_path: Path) -> SharpAndBlurred:
    write(tmp_path / "sharp", ant=20, bee=20, cat=20)
    write(tmp_path / "blurred", cat=7, ant=4)
    return SharpAndBlurred(str(tmp_path), side=8)


def test_the_sharp_pictures_are_read_as_imagefolder_reads_them(photos: SharpAndBlurred) -> None:
    own, other = photos.load(()), ImageFolder(f"{photos.path}/sharp", side=8).load(())

    assert own.class_names == other.class_names == ("ant", "bee", "cat")
    for part in ("train", "validation", "test"):
        assert (getattr(own, part).images == getattr(other, part).images).all()


def test_all_blurred_pictures_test_under_the_labels_of_the_sharp_ones(photos: SharpAndBlurred) -> None:
    blurred = photos.photographed()
    assert blurred is not None
    found = blurred.load(())

    assert (len(found.train), len(found.validation), len(found.test)) == (0, 0, 11)
    assert found.class_names == ("ant", "bee", "cat")
    assert np.bincount(found.test.labels).tolist() == [4, 0, 7]
    assert blurred.photographed() is None


def test_a_class_without_blurred_pictures_is_said(photos: SharpAndBlurred, caplog: pytest.LogCaptureFixture) -> None:
    blurred = photos.photographed()
    assert blurred is not None
    files = blurred.sources(())

    assert f"{photos.path}/blurred: 1 class has no blurred picture, such as bee" in caplog.messages
    assert len(files) == 60 + 11  # other sharp classes would number the labels otherwise


def test_what_cannot_be_tested_is_refused_in_one_line(photos: SharpAndBlurred) -> None:
    root, blurred = Path(photos.path), photos.photographed()
    assert blurred is not None
    write(root / "blurred", dog=1)
    with pytest.raises(UsageError, match=r"dog/0\.png is of class 'dog', of which there is no sharp picture"):
        blurred.load(())
    (root / "blurred" / "dog" / "0.png").rename(root / "blurred" / "ant" / "dog.png")
    (root / "blurred" / "dog").rmdir()
    (root / "blurred" / "cat" / "0.png").write_bytes((root / "sharp" / "bee" / "3.png").read_bytes())
    with pytest.raises(UsageError, match=r"blurred/cat/0\.png is the same file as .*sharp/bee/3\.png; keep each"):
        blurred.load(())
    with pytest.raises(Unavailable, match="give the folder that holds sharp/CLASS and blurred/CLASS as path="):
        SharpAndBlurred(f"{root}/nowhere").sources(())


def test_both_keep_every_promise_of_the_contract(photos: SharpAndBlurred) -> None:
    check_plugin(photos)
    check_plugin(AsPhotographed())


def test_the_blur_leaves_test_images_as_they_are_and_others_alone() -> None:
    images = torch.rand(3, 1, 4, 4)
    tested = ImageSet(images, torch.zeros(3, dtype=torch.int64), torch.arange(3), split="test")
    blur, draws = AsPhotographed(), Draws(range(3), 0, ("test",))

    assert torch.equal(blur.degrade_set(tested, draws).images, images)
    assert not blur.is_identity
    with pytest.raises(Skip, match="is a test blur of data sets that bring blurred pictures, and nothing else"):
        blur.degrade_set(ImageSet(images, tested.labels, tested.ids, split="train"), draws)
    with pytest.raises(Skip, match="cannot be a step of a chain"):
        blur.degrade(images, draws)
