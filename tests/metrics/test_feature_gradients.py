"""The variance of gradient magnitudes over feature maps."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from blurbench.metrics.feature_gradients import gradient_magnitude, gradient_magnitude_variance


def test_a_ramp_has_gradient_2_everywhere_and_no_variance():
    ramp = torch.arange(8.0).expand(1, 1, 8, 8)
    for features in (ramp, ramp.mT):
        assert torch.equal(gradient_magnitude(features), torch.full((1, 1, 6, 6), 2.0))
        assert gradient_magnitude_variance(features) == 0


def test_a_step_has_gradient_1_in_2_of_6_columns():
    step = (torch.arange(8) >= 4).float().expand(1, 1, 8, 8)
    assert gradient_magnitude(step)[0, 0].sum(dim=0).tolist() == [0, 0, 6, 6, 0, 0]
    assert gradient_magnitude_variance(step) == pytest.approx(12 * 24 / 36 / 35, abs=1e-7)
    assert gradient_magnitude_variance(step) == pytest.approx(0.228571, abs=1e-6)


def test_gradients_agree_with_scipys_sobel_filters():
    features = torch.randn(2, 3, 8, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    for border, mode in (("valid", "reflect"), ("zeros", "constant")):
        expected = np.stack(
            [
                [np.hypot(*(ndimage.sobel(one, axis, mode=mode) / 4 for axis in (0, 1))) for one in maps]
                for maps in features.numpy()
            ]
        )
        if border == "valid":
            expected = expected[..., 1:-1, 1:-1]
        assert np.abs(gradient_magnitude(features, border).numpy() - expected).max() < 1e-12
        variance = expected.reshape(2, 3, -1).var(axis=2, ddof=1).mean(axis=1)
        assert gradient_magnitude_variance(features, border).tolist() == pytest.approx(variance)


def test_maps_without_two_positions_are_refused():
    with pytest.raises(ValueError, match="maps of 3x3 are too small"):
        gradient_magnitude_variance(torch.zeros(1, 1, 3, 3))
    assert gradient_magnitude_variance(torch.zeros(1, 1, 3, 3), "zeros") == 0
