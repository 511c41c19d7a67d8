"""The data set `brodatz`: textures drawn here, and the real ones."""

import os
from pathlib import Path

import numpy as np
import pytest
from blurbench_datasets.brodatz import NAMES, Brodatz, is_textured, read_picture, regions_of, squares
from PIL import Image

from blurbench.errors import Unavailable, UsageError


def columns_as_values() -> np.ndarray:
    """640x640, every pixel the number of its column, divided by 4."""
    return np.broadcast_to((np.arange(640) // 4).astype(np.uint8), (640, 640))


@pytest.mark.parametrize(
    ("side", "counts", "columns"),
    [
        (32, (180, 60, 120), ((0, 288), (320, 416), (448, 640))),
        (64, (40, 10, 30), ((0, 256), (320, 384), (448, 640))),
    ],
)
def test_regions_are_disjoint_with_a_gap_of_one_crop(side, counts, columns):
    regions = regions_of(columns_as_values(), side)
    assert tuple(map(len, regions)) == counts
    for region, (first, end) in zip(regions, columns, strict=True):
        assert region.shape[1:] == (side, side)
        assert (4 * int(region.min()), 4 * int(region.max()) + 4) == (first, end)


def test_crops_tile_the_picture():
    picture = np.random.default_rng(0).integers(0, 256, (650, 700), np.uint8)
    cut = squares(picture, 64)
    assert cut.shape == (10, 10, 64, 64)
    assert np.array_equal(cut[3, 7], picture[7 * 64 : 8 * 64, 3 * 64 : 4 * 64])


def test_one_flat_patch_makes_a_picture_flat():
    picture = np.where(np.arange(640) % 2, 100, 120).astype(np.uint8) * np.ones((640, 1), np.uint8)
    assert is_textured(picture)  # a standard deviation of exactly 10
    picture[32:64, 96:128] = 119 - 18 * (np.arange(32) % 2)
    assert not is_textured(picture)


def test_a_missing_set_says_what_to_get_also_when_it_is_to_be_downloaded(tmp_path):
    for ask in (lambda: Brodatz().sources([tmp_path]), lambda: Brodatz().fetch(tmp_path)):
        with pytest.raises(Unavailable, match=r"D1\.gif to D112\.gif are not in any data folder; get") as caught:
            ask()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("inside", ["brodatz", "."])
def test_the_pictures_may_lie_in_a_data_folder_or_in_its_folder_brodatz(inside, tmp_path):
    (tmp_path / inside).mkdir(exist_ok=True)
    for name in NAMES:
        (tmp_path / inside / f"{name}.gif").touch()
    assert [path.name for path in Brodatz().sources([tmp_path])] == [f"D{number}.gif" for number in range(1, 113)]


def test_damaged_and_small_pictures_are_named(tmp_path):
    path = tmp_path / "D7.gif"
    path.write_bytes(b"GIF89a")
    with pytest.raises(UsageError, match=r"D7\.gif: cannot be decoded"):
        read_picture(path)
    Image.new("L", (512, 640)).save(path)
    with pytest.raises(UsageError, match=r"D7\.gif: 512x640 pixels, 640x640 are needed"):
        read_picture(path)


@pytest.mark.data
def test_the_rule_keeps_exactly_80_of_the_112_textures():
    whole = Brodatz(select="std10").load([Path(os.environ["BLURBENCH_DATA"])])
    dropped = set(NAMES) - set(whole.class_names)
    assert len(whole.class_names) == 80
    assert {int(name[1:]) for name in dropped} == {
        *(2, 7, 8, 12, 13, 23, 25, 30, 31, 33, 38, 39, 40, 43, 44, 45),
        *(47, 48, 50, 58, 59, 61, 62, 63, 88, 89, 90, 91, 96, 99, 107, 108),
    }
    assert [len(part) for part in (whole.train, whole.validation, whole.test)] == [14_400, 4_800, 9_600]
    assert whole.train.images.shape[1:] == (1, 32, 32)
    assert sorted(whole.test.labels[:80]) == list(range(80))
