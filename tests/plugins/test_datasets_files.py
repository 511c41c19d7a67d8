"""The data sets that are read from files in torchvision's layout: small files written here, and the real ones."""

import bz2
import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from blurbench_datasets.emnist_balanced import EmnistBalanced
from blurbench_datasets.fashion_mnist import FashionMnist
from blurbench_datasets.idx import IdxDataset, read_idx
from blurbench_datasets.mnist import Mnist
from blurbench_datasets.splitting import held_out
from blurbench_datasets.usps import Usps, read_libsvm

from blurbench.errors import Unavailable, UsageError

IDX_SETS = pytest.mark.parametrize("dataset", [Mnist(), FashionMnist(), EmnistBalanced()], ids=lambda item: item.title)
DRAWN = np.random.default_rng(0)
IMAGES = {
    "train": DRAWN.integers(0, 256, (30, 28, 28), np.uint8),
    "test": DRAWN.integers(0, 256, (7, 28, 28), np.uint8),
}
LABELS = {"train": DRAWN.integers(0, 10, 30, np.uint8), "test": DRAWN.integers(0, 10, 7, np.uint8)}


def idx(array: np.ndarray) -> bytes:
    """The idx format as its inventors define it: 0, 0, type 8 for unsigned bytes, dimensions, sizes, values."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write(folder: Path, dataset: IdxDataset, gzipped: bool = False) -> None:
    folder.mkdir(parents=True)
    for prefix, part in zip(dataset.prefixes, ("train", "test"), strict=True):
        for kind, array in (("images-idx3-ubyte", IMAGES[part]), ("labels-idx1-ubyte", LABELS[part])):
            name = f"{prefix}-{kind}"
            if gzipped:
                (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
            else:
                (folder / name).write_bytes(idx(array))


# --- idx -----------------------------------------------------------------------------------------------------------


@IDX_SETS
@pytest.mark.parametrize("gzipped", [False, True])
def test_idx_files_are_read_gzipped_or_not(dataset, gzipped, tmp_path):
    write(tmp_path / dataset.torchvision_name / "raw", dataset, gzipped)
    whole = dataset.load([tmp_path / "elsewhere", tmp_path])
    upright = (lambda images: images.transpose(0, 2, 1)) if dataset.transposed else (lambda images: images)
    train, validation = held_out(30, 0.1)
    assert len(whole.validation) == 3
    assert np.array_equal(whole.test.images[:, 0], upright(IMAGES["test"]))
    assert np.array_equal(whole.test.labels, LABELS["test"])
    assert np.array_equal(whole.train.images[:, 0], upright(IMAGES["train"])[train])
    assert np.array_equal(whole.validation.labels, LABELS["train"][validation])
    assert (whole.test.images.dtype, whole.test.labels.dtype) == (np.uint8, np.int64)
    assert whole.test.images.flags.writeable


@IDX_SETS
@pytest.mark.parametrize("inside", ["{0}/raw", "{0}", "{1}", "{1}/raw"])
def test_a_folder_may_be_laid_out_as_torchvision_or_debian_do(dataset, inside, tmp_path):
    place = tmp_path / inside.format(dataset.torchvision_name, dataset.title)
    write(place, dataset)
    assert {path.parent for path in dataset.sources([tmp_path])} == {place}


@IDX_SETS
def test_the_sets_own_folder_may_be_named(dataset, tmp_path):
    write(tmp_path / dataset.torchvision_name / "raw", dataset)
    assert len(dataset.sources([tmp_path / dataset.torchvision_name])) == 4


def test_mnist_files_are_never_taken_for_fashion_mnist(tmp_path):
    write(tmp_path / "MNIST" / "raw", Mnist())
    mine = [tmp_path / "MNIST", tmp_path / "MNIST" / "raw", tmp_path]
    try:
        sources = FashionMnist().sources(mine)  # Debian's package may be installed here
    except Unavailable:
        sources = ()
    assert not any(path.is_relative_to(tmp_path) for path in sources)


def test_a_missing_set_says_how_to_get_it_and_names_no_folder_of_this_machine(tmp_path):
    with pytest.raises(Unavailable) as caught:
        Mnist().sources([tmp_path])
    message = str(caught.value)
    assert "mnist: MNIST/raw/train-images-idx3-ubyte[.gz] is not in any data folder" in message
    assert str(tmp_path) not in message
    assert "'blurbench data fetch mnist'" in message
    assert "--data-dir" in message
    assert "BLURBENCH_DATA" in message
    assert "\n" not in message


def test_of_an_incomplete_set_the_missing_file_is_named(tmp_path):
    write(tmp_path / "MNIST" / "raw", Mnist())
    (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(Unavailable, match=r"t10k-labels-idx1-ubyte\[.gz\] is not in any"):
        Mnist().load([tmp_path])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (idx(IMAGES["train"])[:-1], "damaged, 23519 bytes follow the header, which promises 23520"),
        (idx(IMAGES["train"]) + b"x", "damaged, 23521 bytes"),
        (idx(LABELS["train"]), "not an idx file of bytes in 3 dimensions"),
        (idx(IMAGES["train"])[:9], "not an idx file"),
        (b"", "not an idx file"),
        (b"<html>404 Not Found</html>", "not an idx file"),
        (idx(IMAGES["train"][:0]), "damaged, 0 bytes"),
    ],
)
def test_a_damaged_idx_file_is_named_in_one_line(content, complaint, tmp_path):
    write(tmp_path / "MNIST" / "raw", Mnist())
    (tmp_path / "MNIST" / "raw" / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        Mnist().load([tmp_path])
    assert "train-images-idx3-ubyte" in str(caught.value)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "damage", [lambda whole: whole[: len(whole) // 2], lambda whole: b"plain", lambda whole: b"\x1f\x8b"]
)
def test_a_damaged_gzip_file_is_named_in_one_line(damage, tmp_path):
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    path.write_bytes(damage(gzip.compress(idx(LABELS["train"]))))
    with pytest.raises(UsageError, match=r"train-labels-idx1-ubyte.gz: cannot be read \(.+\)"):
        read_idx(path, 1)


def test_labels_must_be_as_many_as_images(tmp_path):
    write(tmp_path / "MNIST" / "raw", Mnist())
    (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS["test"][:6]))
    with pytest.raises(UsageError, match="t10k-labels-idx1-ubyte: 6 labels for 7 images"):
        Mnist().load([tmp_path])


def test_labels_must_be_classes(tmp_path):
    write(tmp_path / "MNIST" / "raw", Mnist())
    (tmp_path / "MNIST" / "raw" / "t10k-labels-idx1-ubyte").write_bytes(idx(LABELS["test"] + 20))
    with pytest.raises(UsageError, match=r"t10k-labels-idx1-ubyte: label 2[0-9], but there are 10 classes"):
        Mnist().load([tmp_path])


def test_the_share_that_validates_is_a_parameter(tmp_path):
    write(tmp_path / "MNIST" / "raw", Mnist())
    whole = Mnist(validation=0.2).load([tmp_path])
    assert (len(whole.train), len(whole.validation)) == (24, 6)


# --- USPS ----------------------------------------------------------------------------------------------------------


def libsvm(values: np.ndarray, labels: np.ndarray) -> bytes:
    lines = [
        f"{label} " + " ".join(f"{place}:{value:.6f}" for place, value in enumerate(row, 1)) + " \n"
        for label, row in zip(labels, values, strict=True)
    ]
    return bz2.compress("".join(lines).encode())


def write_usps(folder: Path) -> None:
    values = np.tile(np.linspace(-1, 1, 256), (20, 1))
    (folder / "usps.bz2").write_bytes(libsvm(values, np.arange(20) % 10 + 1))
    (folder / "usps.t.bz2").write_bytes(libsvm(values[:5, ::-1], np.full(5, 10)))


def test_usps_pixels_are_rounded_down_and_labels_begin_at_0(tmp_path):
    write_usps(tmp_path)
    whole = Usps().load([tmp_path])
    assert (len(whole.train), len(whole.validation), len(whole.test)) == (18, 2, 5)
    assert set(whole.test.labels) == {9}
    # Step i of 255 is i, give or take the six printed decimals and the rounding down.
    flat = whole.train.images[0].ravel()
    assert (flat[0], flat[255]) == (0, 255)
    assert set(np.arange(256) - flat) <= {0, 1}
    assert whole.test.images[0, 0, 0, 0] == 255


def test_usps_equals_torchvisions_own_reading(tmp_path):
    from torchvision.datasets import USPS

    write_usps(tmp_path)
    theirs = USPS(tmp_path, train=True)
    mine = read_libsvm(tmp_path / "usps.bz2")
    assert np.array_equal(mine.images[:, 0], theirs.data)
    assert list(mine.labels) == theirs.targets


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (libsvm(np.zeros((3, 256)), np.ones(3, int))[:-20], "damaged"),
        (b"not bz2", "damaged"),
        (bz2.compress(b"1 1:0.5 2:oops\n"), "damaged"),
        (bz2.compress(b"1 1:0.5 2:0.5\n"), "not USPS"),
        (libsvm(np.zeros((3, 255)), np.ones(3, int)), "not USPS"),
        (libsvm(np.zeros((3, 256)), np.arange(3)), "labels should lie between 1 and 10"),
    ],
)
def test_a_damaged_usps_file_is_named_in_one_line(content, complaint, tmp_path):
    (tmp_path / "usps.bz2").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_libsvm(tmp_path / "usps.bz2")
    assert "usps.bz2: " in str(caught.value)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_usps_files_are_named(tmp_path):
    with pytest.raises(Unavailable, match=r"usps: usps.bz2 or usps.t.bz2 is not in any .*blurbench data fetch usps"):
        Usps().sources([tmp_path])


# --- downloads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dataset", [Mnist(), FashionMnist(), EmnistBalanced(), Usps()], ids=lambda item: type(item).__name__
)
def test_a_download_that_fails_is_one_clear_line(dataset, tmp_path):
    (tmp_path / "file").write_text("a folder cannot be made below a file")
    with pytest.raises(Unavailable, match=r"could not be downloaded: .+") as caught:
        dataset.fetch(tmp_path / "file")
    assert "\n" not in str(caught.value)


# --- the real files ------------------------------------------------------------------------------------------------


def real() -> list[Path]:
    return [Path(os.environ["BLURBENCH_DATA"])]


@pytest.mark.data
@pytest.mark.parametrize("dataset", [Mnist(), FashionMnist()], ids=lambda item: item.title)
def test_the_real_idx_sets_are_whole(dataset):
    whole = dataset.load(real())
    assert (len(whole.train), len(whole.validation), len(whole.test)) == (54000, 6000, 10000)
    assert whole.test.images.shape == (10000, 1, 28, 28)


@pytest.mark.data
def test_real_fashion_mnist_is_balanced_and_its_first_test_image_is_an_ankle_boot():
    whole = FashionMnist().load(real())
    assert set(np.bincount(whole.test.labels)) == {1000}
    assert whole.class_names[whole.test.labels[0]] == "Ankle boot"


@pytest.mark.data
def test_real_mnist_equals_torchvisions_own_reading():
    from torchvision.datasets import MNIST

    theirs = MNIST(real()[0], train=False)
    mine = Mnist().load(real()).test
    assert np.array_equal(mine.images[:, 0], theirs.data.numpy())
    assert np.array_equal(mine.labels, theirs.targets.numpy())


@pytest.mark.data
def test_real_usps_is_the_libsvm_variant_as_torchvision_stores_it():
    from torchvision.datasets import USPS

    whole = Usps().load(real())
    assert (len(whole.train), len(whole.validation), len(whole.test)) == (6562, 729, 2007)
    theirs = USPS(real()[0], train=False, download=False)
    assert np.array_equal(whole.test.images[:, 0], theirs.data)
    assert list(whole.test.labels) == theirs.targets
    # The paper facts: the first test image's maximum is 0.93636 before it is rounded down.
    assert whole.test.images[0].max() == int(0.93636 * 255)
