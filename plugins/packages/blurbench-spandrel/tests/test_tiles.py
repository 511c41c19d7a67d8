"""Tiles: the whole picture, as from one piece where the network does not look further than a third of the overlap."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from blurbench_spandrel import Spandrel
from blurbench_spandrel.tiles import spans, tiled
from conftest import made, photograph

Files = Callable[[str], Path]
LIKE = torch.zeros((), dtype=torch.float64)


@pytest.mark.parametrize("overlap", [0, 16, 32, 64])
@pytest.mark.parametrize("length", [5, 127, 128, 129, 143, 144, 145, 200, 256, 640, 1000])
def test_weights_sum_to_one_and_tiles_lie_on_the_grid(length: int, overlap: int) -> None:
    found = spans(length, 128, overlap, 16, LIKE)
    total = torch.zeros(length, dtype=torch.float64)
    for part, weights in found:
        assert part.start % 16 == 0
        assert len(weights) == part.stop - part.start <= 143
        assert weights.min() >= 0
        total[part] += weights
    torch.testing.assert_close(total, torch.ones_like(total), rtol=0, atol=1e-12)
    assert all(before.part.stop - after.part.start >= overlap for before, after in pairwise(found))


def test_a_third_of_an_overlap_counts_for_nothing_at_the_border_of_a_tile() -> None:
    first, second, *_ = spans(1000, 128, 48, 16, LIKE)
    assert first.weights[-16:].eq(0).all()
    assert second.weights[:16].eq(0).all()
    assert first.weights[-17] > 0
    assert first.weights[:-32].eq(1).all()


@pytest.mark.parametrize(("height", "width"), [(300, 451), (130, 64), (257, 240)])
@pytest.mark.parametrize("name", ["dncnn", "drunet"])
def test_a_picture_in_tiles_is_the_picture_in_one_piece(file_of: Files, name: str, height: int, width: int) -> None:
    """DnCNN with 9 layers sees 9 pixels around each; DRUNet halves the picture three times, so that it sees further and
    minds where a tile begins."""
    picture = photograph("chelsea")[..., :height, :width]
    overlap = {"dncnn": 32, "drunet": 192}[name]
    in_tiles = Spandrel(file_of(name), tile=128 if name == "dncnn" else 384, overlap=overlap)
    in_one = Spandrel(file_of(name), tile=1024)
    torch.testing.assert_close(in_tiles.restore(picture, None), in_one.restore(picture, None), rtol=0, atol=2e-6)


def test_what_sees_further_differs_without_a_seam(file_of: Files) -> None:
    """NAFNet takes means over all it sees, so each tile differs a little: nowhere may that jump."""
    picture = photograph("chelsea")
    in_one = Spandrel(file_of("nafnet"), tile=1024).restore(picture, None)
    off = Spandrel(file_of("nafnet"), tile=128).restore(picture, None) - in_one
    hard = Spandrel(file_of("nafnet"), tile=128, overlap=0).restore(picture, None) - in_one
    assert off.abs().max() > 1e-4
    seams = range(128, 451, 128)
    jump = max(float(hard.diff(dim=3)[..., seam - 1].abs().mean()) for seam in seams)
    steepest = float(off.diff(dim=3).abs().mean((0, 1, 2)).max())
    assert steepest < jump / 3


def test_tiles_that_differ_by_a_constant_are_joined_by_a_ramp() -> None:
    numbers = iter(range(10))
    joined = tiled(lambda part: torch.full_like(part, float(next(numbers))), torch.zeros(1, 1, 20, 208), 128, 48, 16)
    assert joined[0, 0, 0, 0] == 0
    assert joined[0, 0, 0, -1] == 1
    torch.testing.assert_close(joined.diff(dim=3).max(), torch.tensor(1 / 16))


def test_no_more_pixels_are_asked_about_at_once_than_a_tile_has() -> None:
    sizes: list[tuple[int, ...]] = []

    def network(images: torch.Tensor) -> torch.Tensor:
        sizes.append(tuple(images.shape))
        return images

    pictures = torch.rand(5, 3, 40, 100)
    torch.testing.assert_close(tiled(network, pictures, 96, 48, 16), pictures)
    assert max(shape[0] * shape[2] * shape[3] for shape in sizes) <= 96 * 96
    assert {shape[0] for shape in sizes} == {2, 1}


def test_gradient_mode_makes_no_difference(file_of: Files) -> None:
    picture = photograph("coffee")[..., :96, :200]
    restorer = Spandrel(file_of("dncnn"), tile=64, overlap=32)
    with torch.inference_mode():
        quiet = restorer.restore(picture, None)
    assert torch.equal(restorer.restore(picture, None), quiet)
    assert made("dncnn")(picture).shape == quiet.shape
