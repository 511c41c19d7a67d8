"""Sharpening without any knowledge of the blur."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from blurbench_restorers.unsharp_mask import UnsharpMask
from skimage import data
from skimage.filters import unsharp_mask

from blurbench.contract import GaussianPsf, Shape
from blurbench.errors import UsageError
from blurbench.imaging.convolution import convolve
from blurbench.registry import Registry


def photograph() -> torch.Tensor:
    return torch.from_numpy(data.camera()[100:164, 180:260].astype(np.float32) / 255)[None, None]


@pytest.mark.parametrize(("sigma", "amount"), [(1.0, 1.0), (2.5, 0.4)])
def test_it_is_what_scikit_image_does_away_from_the_border(sigma: float, amount: float) -> None:
    x = photograph()
    expected = unsharp_mask(x[0, 0].numpy(), radius=sigma, amount=amount)
    sharpened = UnsharpMask(sigma, amount).restore(x, None)[0, 0].numpy()
    np.testing.assert_allclose(sharpened[10:-10, 10:-10], expected[10:-10, 10:-10], atol=1e-5)


def test_it_brings_a_slightly_blurred_photograph_nearer_to_the_sharp_one() -> None:
    clean = photograph()
    blurred = convolve(clean, GaussianPsf(torch.tensor([1.0])))
    restored = UnsharpMask().restore(blurred, None)
    assert float((restored - clean).square().mean()) < 0.7 * float((blurred - clean).square().mean())


def test_an_amount_of_nothing_and_a_flat_image_come_back_as_they_are() -> None:
    x = photograph()
    torch.testing.assert_close(UnsharpMask(amount=0).restore(x, None), x, rtol=0, atol=0)
    flat = torch.full((2, 3, 8, 8), 0.4)
    torch.testing.assert_close(UnsharpMask(3).restore(flat, None), flat)


def test_it_stays_within_the_range_of_images() -> None:
    restored = UnsharpMask(2, 5).restore(photograph(), None)
    assert 0 <= float(restored.min()) <= float(restored.max()) <= 1


def test_it_knows_nothing_and_fits_nothing(registry: Registry) -> None:
    restorer = registry.resolve("restorers", "unsharp-mask[sigma=2, amount=0.5]")
    assert restorer == UnsharpMask(2, 0.5)
    assert restorer.build(Shape(1, 28, 28)) is None
    assert (restorer.knows, restorer.trainable) == ("nothing", False)


def test_a_wrong_parameter_is_refused_in_one_line(registry: Registry) -> None:
    with pytest.raises(UsageError, match="must lie between 0 and 10, not -1"):
        registry.resolve("restorers", "unsharp-mask[amount=-1]")
