"""Wiener deconvolution wins PSNR on photographs and digits, whatever the padding, with and without noise."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch

from blurbench.contract import DensePsf, DiscPsf, GaussianPsf, Padding, Psf, SigmaMap, TapsPsf
from blurbench.errors import UsageError
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.imaging.fourier import wiener
from blurbench.imaging.psf import delta

SENSOR = ((2 / 255) ** 2 + (1 / 255) ** 2 / 12) ** 0.5


@cache
def photographs() -> torch.Tensor:
    """Ten grey crops of 96 pixels: a face, sky, coins, brickwork, grass, print, fur, a cup."""
    from skimage import color, data

    astronaut, cat, coffee = (color.rgb2gray(image()) for image in (data.astronaut, data.chelsea, data.coffee))
    camera, coins, brick, grass, page = (
        image() / 255 for image in (data.camera, data.coins, data.brick, data.grass, data.page)
    )
    places = [
        (astronaut, 40, 170),
        (astronaut, 300, 250),
        (camera, 100, 180),
        (camera, 60, 350),
        (coins, 50, 50),
        (brick, 10, 10),
        (grass, 0, 0),
        (page, 20, 20),
        (cat, 80, 150),
        (coffee, 150, 250),
    ]
    return _stack([image[y : y + 96, x : x + 96] for image, y, x in places])


@cache
def digits() -> torch.Tensor:
    """A hundred of scikit-learn's 8x8 digits, resampled to 24x24 within a black margin of 2."""
    from sklearn.datasets import load_digits

    x = torch.from_numpy(load_digits().images[:100] / 16).float()[:, None]
    x = torch.nn.functional.interpolate(x, size=24, mode="bicubic", align_corners=False).clamp(0, 1)
    return torch.nn.functional.pad(x, (2, 2, 2, 2))


def _stack(crops: list[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(crops)).float()[:, None]


SETS: dict[str, Callable[[], torch.Tensor]] = {"photographs": photographs, "digits": digits}


def psnr(x: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
    return -10 * torch.log10((x - clean).square().flatten(1).mean(1).clamp_min(1e-12))


def gaussian(n: int, sigma: float) -> GaussianPsf:
    return GaussianPsf(torch.full((n,), sigma, dtype=torch.float64))


def line(n: int) -> TapsPsf:
    """A falling diagonal of 7 pixels."""
    steps = torch.arange(-3, 4)[None, :, None].expand(n, 7, 2)
    return TapsPsf(steps, torch.full((n, 7), 1 / 7, dtype=torch.float64))


def sensor(x: torch.Tensor) -> torch.Tensor:
    noise = Draws(range(len(x)), 0, ("test",)).normal("noise", x[0].numel())
    return ((x + 2 / 255 * torch.from_numpy(noise).view_as(x)).clamp(0, 1) * 255).round().div(255).float()


PSFS: dict[str, Callable[[int], Psf]] = {
    "gaussian 1": lambda n: gaussian(n, 1),
    "gaussian 2": lambda n: gaussian(n, 2),
    "disc 2": lambda n: DiscPsf(torch.full((n,), 2.0)),
    "line 7": line,
}


@pytest.mark.parametrize("padding", ["reflect", "zeros"])
@pytest.mark.parametrize("name", PSFS)
@pytest.mark.parametrize("kind", SETS)
def test_no_image_loses_and_most_win_clearly_without_noise(kind: str, name: str, padding: Padding) -> None:
    clean = SETS[kind]()
    psf = PSFS[name](len(clean))
    blurred = convolve(clean, psf, padding)
    gain = psnr(wiener(blurred, psf), clean) - psnr(blurred, clean)
    assert float(gain.min()) > 0
    assert float(gain.mean()) > 2


@pytest.mark.parametrize("padding", ["reflect", "zeros"])
@pytest.mark.parametrize("name", PSFS)
@pytest.mark.parametrize("kind", SETS)
def test_no_image_loses_and_most_win_through_a_noisy_sensor(kind: str, name: str, padding: Padding) -> None:
    clean = SETS[kind]()
    psf = PSFS[name](len(clean))
    seen = sensor(convolve(clean, psf, padding))
    gain = psnr(wiener(seen, psf, SENSOR), clean) - psnr(seen, clean)
    assert float(gain.min()) > 0
    assert float(gain.mean()) > 1


@pytest.mark.parametrize("padding", ["reflect", "zeros"])
def test_the_border_is_restored_nearly_as_well_as_the_middle(padding: Padding) -> None:
    clean = photographs()
    psf = gaussian(len(clean), 2)
    seen = sensor(convolve(clean, psf, padding))
    error = (wiener(seen, psf, SENSOR) - clean).square().mean((0, 1))
    rim = torch.ones(96, 96, dtype=torch.bool)
    rim[8:-8, 8:-8] = False
    # Zeros outside darken the rim itself: there even the blurred image is far off.
    before = (seen - clean).square().mean((0, 1))
    assert float(error[rim].mean()) < float(before[rim].mean())
    assert float(error[rim].mean()) < {"reflect": 2, "zeros": 6}[padding] * float(error[~rim].mean())


@pytest.mark.parametrize("kind", SETS)
def test_a_delta_without_noise_gives_the_image_back(kind: str) -> None:
    clean = SETS[kind]()
    torch.testing.assert_close(wiener(clean, delta(len(clean))), clean, rtol=0, atol=1e-3)


def test_colour_channels_share_a_psf_and_keep_their_means() -> None:
    from skimage import data

    clean = torch.from_numpy(data.astronaut()[40:104, 170:234] / 255).float().permute(2, 0, 1)[None]
    psf = gaussian(1, 1.5)
    blurred = convolve(clean, psf)
    restored = wiener(blurred, psf)
    assert restored.shape == clean.shape
    assert float((psnr(restored, clean) - psnr(blurred, clean))[0]) > 2
    torch.testing.assert_close(restored.mean((2, 3)), clean.mean((2, 3)), rtol=0, atol=0.01)


def test_the_restoration_of_an_image_does_not_depend_on_its_batch() -> None:
    clean = digits()[:4]
    psf = GaussianPsf(torch.tensor([0.7, 1.1, 1.6, 1.1], dtype=torch.float64), 9)
    seen = sensor(convolve(clean, psf))
    alone = wiener(seen[2:3], GaussianPsf(psf.sigma[2:3], 9), SENSOR)
    torch.testing.assert_close(wiener(seen, psf, SENSOR)[2:3], alone, rtol=0, atol=1e-4)


def test_a_narrow_psf_beside_a_wide_one_gives_what_it_gives_alone() -> None:
    clean = digits()[:3]
    psf = TapsPsf(line(3).offsets, torch.tensor([[1 / 7] * 7, [0, 0, 0, 1, 0, 0, 0], [0, 0, 0.2, 0.6, 0.2, 0, 0]]))
    seen = sensor(convolve(clean, psf, "zeros"))
    together = wiener(seen, psf, SENSOR)
    for i in range(3):
        alone = TapsPsf(psf.offsets[i : i + 1], psf.weights[i : i + 1])
        torch.testing.assert_close(wiener(seen[i : i + 1], alone, SENSOR)[0], together[i], rtol=0, atol=1e-3)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_flat_image_stays_flat(level: float) -> None:
    flat = torch.full((1, 1, 16, 16), level)
    torch.testing.assert_close(wiener(flat, gaussian(1, 2)), flat, rtol=0, atol=1e-3)


def test_a_psf_wider_than_the_image_gives_finite_values() -> None:
    clean = digits()[:3]
    psf = gaussian(3, 12)
    assert bool(wiener(convolve(clean, psf, "zeros"), psf, SENSOR).isfinite().all())


def test_a_map_of_sigma_is_refused() -> None:
    with pytest.raises(UsageError):
        wiener(torch.zeros(1, 1, 8, 8), SigmaMap(torch.ones(1, 8, 8)))


def test_a_psf_that_only_moves_an_image_is_undone_though_it_has_a_single_pixel() -> None:
    random = torch.Generator().manual_seed(4)
    image = torch.rand(1, 1, 40, 40, generator=random)
    weights = torch.zeros(1, 5, 5, dtype=torch.float64)
    weights[0, 3, 4] = 1
    restored = wiener(image.roll((1, 2), (2, 3)), DensePsf(weights))
    assert (restored - image)[..., 6:-6, 6:-6].abs().max() < 0.02
