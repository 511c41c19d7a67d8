"""Images and labels as users have them in Python."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from blurbench.errors import UsageError
from blurbench.own.data import images_and_labels

BYTES = np.arange(2 * 3 * 4 * 5, dtype=np.uint8).reshape(2, 3, 4, 5)


class Pairs:
    """A torch data set of pictures."""

    classes = ("cat", "dog")

    def __init__(self, *pairs: Any) -> None:
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, place: int) -> Any:
        return self.pairs[place]


def test_bytes_floats_tensors_and_pictures_are_the_same_images() -> None:
    floats = BYTES.astype(np.float32) / 255
    pictures = Pairs(*((Image.fromarray(image.transpose(1, 2, 0)), label) for label, image in enumerate(BYTES)))
    for data in (
        (BYTES, [0, 1]),
        (floats, np.array([0, 1])),
        (torch.from_numpy(floats), torch.tensor([0, 1])),
        pictures,
    ):
        found = images_and_labels(data)
        assert np.array_equal(found.images, BYTES)
        assert found.labels.tolist() == [0, 1]
    assert images_and_labels(pictures).class_names == ("cat", "dog")


def test_grey_pictures_have_one_channel() -> None:
    grey = Image.fromarray(BYTES[0, 0])
    assert images_and_labels(Pairs((grey, 0))).images.shape == (1, 1, 4, 5)


def test_values_between_the_levels_of_8_bits_are_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "blurbench"):
        images_and_labels((np.full((1, 1, 4, 4), 0.501, np.float32), [0]))
    assert "images are measured with 8 bits, as cameras give them: yours change by up to 0.001" in caplog.text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("photos", r"the data set gave no image and label at 0|image 0"),
        (7, "data is of the type int: give a folder"),
        ((BYTES[0], [0, 1]), r"images must be \(N, C, H, W\), not \(3, 4, 5\)"),
        ((BYTES.transpose(0, 2, 3, 1), [0, 1]), r"images must be \(N, C, H, W\), not \(2, 4, 5, 3\)"),
        ((BYTES.astype(np.int64), [0, 1]), "images must be float in .* or uint8, not int64"),
        ((BYTES.astype(np.float32), [0, 1]), "yours go from 0 to 119: give them as they are before"),
        ((BYTES, [0, 1, 2]), r"labels must be 2 whole numbers, one an image, not \(3,\)"),
        ((BYTES, [0.5, 1.5]), "labels must be 2 whole numbers"),
        ((BYTES, [0, -1]), r"label -1 \(image 1\) is negative"),
        (Pairs(), "the data set is empty"),
        (Pairs((BYTES[0], 0), (BYTES[0, :, 1:], 1)), r"image 1 is \(3, 3, 5\) and image 0 is \(3, 4, 5\)"),
        (Pairs(BYTES[0]), "the data set gave no image and label at 0"),
    ],
)
def test_what_cannot_be_measured_is_one_line(data: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        images_and_labels(data)
