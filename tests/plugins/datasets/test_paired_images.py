"""Pairs in the layouts of REDS and GoPro, on small real-shaped files."""

import io
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from blurbench_blurs.recorded import Recorded
from blurbench_datasets.paired_images import PairedImages
from PIL import Image
from scipy.ndimage import uniform_filter1d
from skimage import data

from blurbench.contract import Shape
from blurbench.errors import Skip, Unavailable, UsageError
from blurbench.imaging.draws import Draws
from blurbench.registry.discovery import discover
from blurbench.running.images import TrainingBlur, degraded_in_chunks, image_set


def write_frames(sharp: Path, blurred: Path, count: int = 5, start: int = 0) -> None:
    """Frames of a moving window over a photograph, and their motion blur."""
    photograph = data.astronaut()
    for folder in (sharp, blurred):
        folder.mkdir(parents=True)
    for frame in range(count):
        window = photograph[start + 4 * frame :][:72, :96]
        Image.fromarray(window).save(sharp / f"{frame:08d}.png")
        shaken = uniform_filter1d(window.astype(float), 9, axis=1, mode="reflect")
        Image.fromarray(shaken.round().astype(np.uint8)).save(blurred / f"{frame:08d}.png")


@pytest.fixture
def reds(tmp_path: Path) -> Path:
    for scene in range(3):
        write_frames(
            tmp_path / "train" / "train_sharp" / f"{scene:03d}",
            tmp_path / "train" / "train_blur" / f"{scene:03d}",
            start=80 * scene,
        )
    return tmp_path


def test_scenes_of_reds_are_classes_and_their_frames_are_parted_in_time(reds):
    splits = PairedImages(path=str(reds), side=64, crops=2).load([])
    assert splits.class_names == ("train/000", "train/001", "train/002")
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [3 * 3 * 2, 3 * 2, 3 * 2]
    assert splits.train.images.shape[1:] == (3, 64, 64)


def test_sharp_and_blurred_crops_show_the_same_place(reds):
    part = PairedImages(path=str(reds), side=64, crops=2).load([]).test
    shaken = uniform_filter1d(part.images.astype(float), 9, axis=3)[..., 8:-8]
    assert np.abs(shaken - part.recorded[..., 8:-8]).max() <= 0.51
    assert np.abs(part.images.astype(float) - part.recorded)[..., 8:-8].mean() > 1


def test_gopro_is_read_with_its_own_parts_for_restoration(tmp_path):
    for start, (part, scene) in enumerate((("train", "a"), ("train", "b"), ("test", "c"))):
        place = tmp_path / part / scene
        write_frames(place / "sharp", place / "blur_gamma", count=2, start=80 * start)
    plugin = PairedImages(path=str(tmp_path), blurred="blur_gamma", side=32, crops=1, classes="one")
    splits = plugin.load([])
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [2, 2, 2]
    assert len(plugin.sources([])) == 12


def test_the_recorded_blur_gives_the_recorded_photographs_for_training_and_for_tests(reds):
    splits = PairedImages(path=str(reds), side=32, crops=2).load([])
    train, test = (image_set(part, None, "cpu") for part in (splits.train, splits.test))
    parts = degraded_in_chunks(Recorded(), test, 0)
    assert np.array_equal((parts[0].images * 255).round().numpy(), splits.test.recorded)
    assert parts[0].psf is None
    seen = TrainingBlur(Recorded(), 0, train, test, nullcontext)(train, 3)
    assert seen.images.equal(train.recorded)


def test_the_recorded_blur_is_skipped_for_data_without_pairs():
    split = discover().resolve("datasets", "digits").load([]).test
    with pytest.raises(Skip, match="data set of pairs"):
        degraded_in_chunks(Recorded(), image_set(split, 3, "cpu"), 0)
    with pytest.raises(Skip, match="step of a chain"):
        Recorded().degrade(image_set(split, 3, "cpu").images, Draws([0, 1, 2], 0, ("test",)))


def test_a_missing_partner_is_named(reds):
    (reds / "train" / "train_blur" / "001" / "00000002.png").unlink()
    with pytest.raises(UsageError, match=r"00000002.png: its blurred partner .*train_blur/001/00000002.png is missing"):
        PairedImages(path=str(reds)).load([])


def test_a_pair_of_two_sizes_and_a_damaged_file_are_named(reds):
    blurred = reds / "train" / "train_blur" / "001" / "00000002.png"
    Image.new("RGB", (96, 70)).save(blurred)
    with pytest.raises(UsageError, match="96x70 pixels, but its sharp partner has 96x72"):
        PairedImages(path=str(reds)).load([])
    blurred.write_bytes(b"\x89PNG not really")
    with pytest.raises(UsageError, match=r"00000002.png: cannot be decoded"):
        PairedImages(path=str(reds)).load([])


def test_a_folder_that_is_missing_or_holds_no_pairs_says_what_is_expected(tmp_path):
    with pytest.raises(Unavailable, match="unpack REDS or GoPro"):
        PairedImages(path="nowhere").load([tmp_path])
    with pytest.raises(UsageError, match="as in REDS and GoPro"):
        PairedImages(path=str(tmp_path)).load([])


def test_a_picture_to_predict_is_the_crop_in_its_middle_at_full_size() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (20, 31, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    cropped = PairedImages(side=10).picture(buffer, Shape(3, 10, 10))
    assert np.array_equal(cropped.transpose(1, 2, 0), pixels[5:15, 10:20])
    with pytest.raises(UsageError, match="31x20 pixels, too small for a crop of 24"):
        PairedImages(side=24).picture(buffer, Shape(3, 24, 24))
