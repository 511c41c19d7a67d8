"""The data set `cifar10`: small files in the form of the real ones, which Python 2 pickled."""

import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from blurbench_datasets.cifar10 import CLASSES, FILES, FOLDER, Cifar10, read_batch
from blurbench_datasets.splitting import held_out

from blurbench.errors import Unavailable, UsageError

DRAWN = np.random.default_rng(0)


def text(value: bytes) -> bytes:
    """A Python 2 text, which holds bytes: SHORT_BINSTRING or BINSTRING."""
    return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def array(values: np.ndarray) -> bytes:
    """How NumPy pickles an array under protocol 2: rebuild an empty one, then set shape, type and bytes."""
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    kind = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNN" + number(-1) * 2 + b"K\x00tb"
    shape = number(values.shape[0]) + number(values.shape[1]) + b"\x86"
    return empty + b"(K\x01" + shape + kind + b"\x89" + text(values.tobytes()) + b"tb"


def batch(pixels: np.ndarray, labels: list[int]) -> bytes:
    entries = (
        text(b"batch_label") + text(b"training batch 1 of 5"),
        text(b"labels") + b"](" + b"".join(map(number, labels)) + b"e",
        text(b"data") + array(pixels),
        text(b"filenames") + b"](" + text(b"leptodactylus_pentadactylus_s_000004.png") * len(labels) + b"e",
    )
    return b"\x80\x02}(" + b"".join(entries) + b"u."


def write(folder: Path, count: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Six files of `count` images; gives all pixels and labels in order."""
    place = folder / FOLDER
    place.mkdir(parents=True)
    pixels = DRAWN.integers(0, 256, (6, count, 3072), np.uint8)
    labels = DRAWN.integers(0, 10, (6, count))
    for name, rows, of_rows in zip(FILES, pixels, labels, strict=True):
        (place / name).write_bytes(batch(rows, of_rows.tolist()))
    return pixels.reshape(-1, 3, 32, 32), labels.ravel()


def test_batches_are_read_as_planes_of_red_green_and_blue(tmp_path):
    pixels, labels = write(tmp_path)
    whole = Cifar10().load([tmp_path / "elsewhere", tmp_path])
    train, validation = held_out(20, 0.1)
    assert np.array_equal(whole.train.images, pixels[train])
    assert np.array_equal(whole.validation.labels, labels[validation])
    assert np.array_equal(whole.test.images, pixels[20:])
    assert np.array_equal(whole.test.labels, labels[20:])
    assert (whole.test.images.dtype, whole.test.labels.dtype) == (np.uint8, np.int64)
    assert whole.class_names == CLASSES
    assert list(CLASSES) == sorted(CLASSES)


def test_the_sets_own_folder_may_be_named(tmp_path):
    write(tmp_path)
    assert [path.name for path in Cifar10().sources([tmp_path / FOLDER])] == list(FILES)


def test_a_missing_file_is_named_with_its_remedy(tmp_path):
    write(tmp_path)
    (tmp_path / FOLDER / "data_batch_3").unlink()
    with pytest.raises(Unavailable, match=r"cifar-10-batches-py/data_batch_3 .*blurbench data fetch cifar10"):
        Cifar10().load([tmp_path])
    with pytest.raises(Unavailable, match="cifar-10-batches-py/data_batch_1 "):
        Cifar10().sources([])


class Attack:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


def test_code_in_a_pickle_is_not_run(tmp_path):
    path = tmp_path / "data_batch_1"
    path.write_bytes(pickle.dumps({"data": Attack(tmp_path / "broken in"), "labels": []}, protocol=2))
    with pytest.raises(UsageError, match=r"data_batch_1: cannot be read .*mkdir, which no image needs"):
        read_batch(path)
    assert not (tmp_path / "broken in").exists()


GOOD = batch(np.zeros((2, 3072), np.uint8), [0, 9])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (GOOD[:-100], "cannot be read"),
        (b"", "cannot be read"),
        (b"<html>404 Not Found</html>", "cannot be read"),
        (pickle.dumps([1, 2], protocol=2), "cannot be read"),
        (pickle.dumps({"data": [1], "labels": [1]}, protocol=2), "1 labels should come with"),
        (batch(np.zeros((2, 3072), np.uint8), [0, 9, 1]), "3 labels should come with as many rows of 3072 bytes"),
        (batch(np.zeros((2, 3071), np.uint8), [0, 9]), "rows of 3072 bytes"),
        (batch(np.zeros((2, 3072), np.uint8), [0, 10]), "labels should lie between 0 and 9"),
        (batch(np.zeros((2, 3072), np.uint8), [-1, 1]), "labels should lie between 0 and 9"),
    ],
)
def test_a_damaged_file_is_named_in_one_line(content, complaint, tmp_path):
    path = tmp_path / "test_batch"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=complaint) as caught:
        read_batch(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    path.write_bytes(GOOD)
    assert read_batch(path).labels.tolist() == [0, 9]
