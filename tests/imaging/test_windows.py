"""Windows of images and the pixels that their readings stand for."""

from __future__ import annotations

import pytest
import torch

from blurbench.imaging.windows import at_centres, at_least, by_windows, spread_out


@pytest.mark.parametrize(("height", "width", "stride"), [(40, 50, 1), (32, 45, 3), (47, 32, 5), (32, 32, 1)])
def test_every_window_is_read_where_it_lies(height: int, width: int, stride: int) -> None:
    images = torch.rand(2, 3, height, width)
    found = by_windows(lambda windows: windows.square().mean((1, 2, 3)), images, 32, stride)
    rows, columns = (height - 32) // stride + 1, (width - 32) // stride + 1
    assert found.shape == (2, rows, columns)
    y, x = (rows - 1) * stride, (columns - 1) * stride
    torch.testing.assert_close(found[1, -1, -1], images[1, :, y : y + 32, x : x + 32].square().mean())


def test_a_reading_stands_for_the_pixel_16_further_down_and_right() -> None:
    field = torch.arange(40 * 50).view(1, 40, 50)
    centres = at_centres(field, 32, stride=4)
    assert centres.shape == (1, 3, 5)
    assert centres[0, 1, 2] == field[0, 16 + 4, 16 + 8]


def test_small_images_are_mirrored_until_a_window_fits() -> None:
    for side in (28, 16, 8):
        images = torch.rand(2, 1, side, side)
        large = at_least(images, 32)
        assert large.shape == (2, 1, 32, 32)
        start = (32 - side) // 2
        if side >= 16:
            torch.testing.assert_close(large[..., start : start + side, start : start + side], images)
    assert at_least(torch.rand(1, 1, 40, 33), 32).shape == (1, 1, 40, 33)


def test_readings_spread_out_keep_a_ramp_and_a_constant() -> None:
    images = torch.zeros(1, 1, 64, 64)
    truth = torch.linspace(0, 3, 64).expand(1, 64, 64)
    spread = spread_out(at_centres(truth, 32, 8), 32, 8, images)
    assert spread.shape == (1, 64, 64)
    torch.testing.assert_close(spread[:, :, 24:41], truth[:, :, 24:41], atol=1e-5, rtol=0)
    torch.testing.assert_close(spread_out(torch.full((1, 5, 5), 1.5), 32, 8, images), torch.full((1, 64, 64), 1.5))


def test_a_reading_is_averaged_with_its_eight_neighbours() -> None:
    readings = torch.zeros(1, 5, 5)
    readings[0, 2, 2] = 9.0
    spread = spread_out(readings, 32, 8, torch.zeros(1, 1, 64, 64))
    centres = torch.zeros(5, 5)
    centres[1:4, 1:4] = 1.0
    torch.testing.assert_close(at_centres(spread, 32, 8)[0], centres)
