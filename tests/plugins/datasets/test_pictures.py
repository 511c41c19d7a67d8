"""Whole pictures for estimators: no picture is in two parts."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from blurbench_datasets.brodatz_pictures import BrodatzPictures
from blurbench_datasets.pictures import COLLECTIONS, SIDES, Pictures

from blurbench.errors import Unavailable


@pytest.mark.parametrize("content", list(COLLECTIONS))
def test_embedded_pictures_are_square_grey_tiles_and_no_tile_is_in_two_parts(content: str) -> None:
    splits = Pictures(content).load(())  # type: ignore[arg-type]
    side = SIDES[content]
    parts = (splits.train, splits.validation, splits.test)
    assert all(part.images.shape[1:] == (1, side, side) for part in parts)
    tiles = [tile.tobytes() for part in parts for tile in part.images]
    assert len(set(tiles)) == len(tiles)


def test_no_photograph_is_in_two_parts() -> None:
    splits = Pictures().load(())
    labels = [set(part.labels.tolist()) for part in (splits.train, splits.validation, splits.test)]
    assert not labels[0] & labels[1]
    assert not (labels[0] | labels[1]) & labels[2]
    assert set.union(*labels) == set(range(len(splits.class_names)))
    assert len(splits.test.labels) == 10


def test_brodatz_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="are not in any data folder"):
        BrodatzPictures().sources((tmp_path,))


@pytest.mark.data
def test_the_80_textures_of_the_report_are_split_by_picture() -> None:
    splits = BrodatzPictures().load([Path(os.environ["BLURBENCH_DATA"])])
    parts = (splits.train, splits.validation, splits.test)
    assert [part.images.shape for part in parts] == [(n, 1, 640, 640) for n in (56, 8, 16)]
    assert sorted(np.concatenate([part.labels for part in parts]).tolist()) == list(range(80))
    assert len(splits.class_names) == 80
