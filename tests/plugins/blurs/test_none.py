"""The blur `none`."""

from __future__ import annotations

import torch
from blurbench_blurs.none import NoBlur

from blurbench.imaging.psf import is_delta
from tests.plugins.blurs.drawn import degraded, images


def test_no_blur_changes_nothing_and_meets_no_family() -> None:
    x = images()
    result = degraded(NoBlur(), x)
    assert torch.equal(result.images, x)
    assert result.psf is not None
    assert is_delta(result.psf)
    assert result.noise_std == 0
    assert NoBlur().families() == ()
