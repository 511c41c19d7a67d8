"""Blur in some places only."""

from __future__ import annotations

import pytest
import torch
from blurbench_blurs.box import Box
from blurbench_blurs.gaussian import Gaussian
from blurbench_blurs.gaussian_noise import GaussianNoise
from blurbench_blurs.none import NoBlur
from blurbench_blurs.random_boxes import RandomBoxes

from blurbench.contract import Range
from blurbench.errors import UsageError
from blurbench.imaging.draws import Draws
from blurbench.matrix.exposure import exposure
from blurbench.registry import Registry, config, label


def draws(n: int) -> Draws:
    return Draws(range(n), 1, ("test",))


def images(n: int) -> torch.Tensor:
    return torch.rand(n, 3, 40, 30, generator=torch.Generator().manual_seed(0))


def test_inside_the_boxes_it_is_the_blur_and_outside_the_image() -> None:
    x, blur = images(8), Gaussian(Range(1, 2))
    boxes = RandomBoxes(blur)
    inside = boxes.mask(40, 30, draws(8))[:, None].expand_as(x)
    seen = boxes.degrade(x, draws(8)).images
    assert torch.equal(seen[~inside], x[~inside])
    assert torch.equal(seen[inside], blur.degrade(x, draws(8).at("blur")).images[inside])
    assert 0.05 < float(inside.float().mean()) < 0.6


def test_one_box_is_a_rectangle_with_sides_of_the_wanted_share() -> None:
    mask = RandomBoxes(Box(3), boxes=1, share=Range(0.2, 0.5)).mask(40, 30, draws(500))
    rows, columns = mask.any(2), mask.any(1)
    assert torch.equal(mask, rows[:, :, None] & columns[:, None, :])
    assert set(rows.sum(1).tolist()) == set(range(8, 21))
    assert set(columns.sum(1).tolist()) == set(range(6, 16))
    assert bool((rows.int().diff(dim=1) == 1).sum(1).le(1).all())


def test_boxes_reach_every_pixel_and_differ_between_images_and_among_themselves() -> None:
    mask = RandomBoxes(Box(3), boxes=1, share=0.5).mask(40, 30, draws(500))
    assert bool(mask.any(0).all())
    assert len(mask.unique(dim=0)) > 200
    both = RandomBoxes(Box(3), boxes=2, share=0.5).mask(40, 30, draws(500))
    assert float(both.float().mean()) > 1.3 * float(mask.float().mean())


def test_a_share_of_one_is_the_whole_image() -> None:
    x = images(3)
    everywhere = RandomBoxes(Gaussian(1), boxes=1, share=1).degrade(x, draws(3)).images
    assert torch.equal(everywhere, Gaussian(1).degrade(x, draws(3)).images)


def test_the_smallest_box_is_one_pixel() -> None:
    assert RandomBoxes(Box(3), boxes=1, share=0).mask(40, 30, draws(5)).sum((1, 2)).tolist() == [1] * 5


def test_no_psf_is_known() -> None:
    result = RandomBoxes(Gaussian(1, padding="replicate")).degrade(images(2), draws(2))
    assert result.psf is None
    assert result.padding == "replicate"
    assert RandomBoxes(GaussianNoise(2)).degrade(images(2), draws(2)).noise_std == pytest.approx(2 / 255)


def test_an_image_gets_its_boxes_in_any_batch_and_any_order() -> None:
    x, order = images(6), [4, 1, 5, 0]
    blur = RandomBoxes(Gaussian(Range(1, 2)))
    chosen = blur.degrade(x[order], Draws(order, 1, ("test",))).images
    torch.testing.assert_close(chosen, blur.degrade(x, draws(6)).images[order], rtol=0, atol=1e-6)


def test_it_counts_as_its_blur_in_another_measure() -> None:
    blur = RandomBoxes(Gaussian(2), boxes=2)
    own = {"sigma": 2, "size": None, "padding": "reflect"}
    assert blur.families() == (("gaussian", {**own, "boxes": 2, "share": Range(0.2, 0.5)}),)
    assert exposure(blur, [Gaussian(2)]) == "unseen severity"
    assert exposure(blur, [RandomBoxes(Gaussian(Range(1, 3)), boxes=2)]) == "seen"
    assert exposure(RandomBoxes(NoBlur()), [Gaussian(2)]) == "clean"


def test_it_is_written_and_read_back(registry: Registry) -> None:
    blur = registry.resolve("blurs", "random-boxes[blur=gaussian[sigma=2], share={low=0.1, high=0.2}]")
    assert blur == RandomBoxes(Gaussian(2), share=Range(0.1, 0.2))
    assert registry.resolve("blurs", config(registry, blur)) == registry.resolve("blurs", label(registry, blur)) == blur


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("random-boxes", "needs the parameter 'blur'"),
        ("random-boxes[blur=gausian[sigma=1]]", "did you mean 'gaussian'"),
        ("random-boxes[blur=none, share=2]", "must lie between 0 and 1, not 2"),
        ("random-boxes[blur=none, boxes=0]", "must lie between 1 and 100, not 0"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(registry: Registry, expression: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        registry.resolve("blurs", expression)
