"""Straight and random motion, and the published combination of motion, defocus and noise."""

from __future__ import annotations

import pytest
import torch
from blurbench_blurs.linear_motion import LinearMotion
from blurbench_blurs.random_walk_motion import RandomWalkMotion

from blurbench.contract import Blur, Range
from blurbench.errors import UsageError
from blurbench.imaging.draws import Draws
from blurbench.matrix.exposure import exposure
from blurbench.registry import Registry
from tests.plugins.blurs.drawn import draws


@pytest.mark.parametrize("blur", [LinearMotion(0), RandomWalkMotion(0), RandomWalkMotion(0, exposure="path")], ids=repr)
def test_motion_of_no_length_changes_nothing(blur: Blur) -> None:
    x = torch.rand(4, 1, 9, 9, generator=torch.Generator().manual_seed(0))
    assert torch.equal(blur.degrade(x, draws()).images, x)


@pytest.mark.parametrize(
    "blur",
    [
        LinearMotion(Range(0, 9)),
        RandomWalkMotion(Range(0, 4)),
        RandomWalkMotion(Range(0, 4), "path", "grid", centred=False),
    ],
    ids=repr,
)
def test_an_image_is_moved_alike_in_any_batch_and_any_order(blur: Blur) -> None:
    x = torch.rand(6, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    order = [4, 1, 5, 0]
    together = blur.degrade(x, draws(6)).images
    chosen = blur.degrade(x[order], Draws(order, 1, ("test",))).images
    torch.testing.assert_close(chosen, together[order], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("test", "trained", "expected"),
    [
        ("random-walk-motion[length=4]", "random-walk-motion[length={low=0, high=4}]", "seen"),
        ("random-walk-motion[length=4]", "random-walk-motion[length=2]", "unseen severity"),
        ("random-walk-motion[length=4]", "random-walk-motion[length=4, exposure=path]", "unseen severity"),
        ("random-walk-motion[length=4]", "linear-motion[length=4]", "unseen severity"),
        ("linear-motion[length=4, angle=30]", "linear-motion[length=4]", "seen"),
        ("linear-motion[length=4]", "defocus[radius=4]", "unseen family"),
        ("defocus[radius=2]", "defocus[radius={low=0, high=4}]", "seen"),
    ],
)
def test_motion_is_told_from_other_blurs(registry: Registry, test: str, trained: str, expected: str) -> None:
    assert exposure(registry.resolve("blurs", test), [registry.resolve("blurs", trained)]) == expected


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("linear-motion", "needs the parameter 'length'"),
        ("linear-motion[length=-1]", "must lie between 0 and 100 pixels, not -1"),
        ("linear-motion[length=5, angle=400]", "must lie between -360 and 360 degrees, not 400"),
        ("random-walk-motion[length=65]", "must lie between 0 and 64 pixels, not 65"),
        ("random-walk-motion[length=4, steps=circle]", "steps"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(registry: Registry, expression: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        registry.resolve("blurs", expression)
