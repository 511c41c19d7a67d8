"""A device without float64, such as mps, blurs too. There is none here: the processor is told to refuse float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from blurbench.contract import SigmaMap
from blurbench.imaging import precision
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.imaging.fourier import wiener
from blurbench.metrics.accuracy import confidence_of
from blurbench.metrics.feature_gradients import gradient_magnitude_variance
from blurbench.metrics.image_quality import errors
from blurbench.metrics.sigma_maps import smoothed
from blurbench.registry.discovery import discover

BLURS = (
    "gaussian[sigma={low=1, high=2}]",
    "defocus[radius={low=1, high=3}]",
    "box[side=3]",
    "linear-motion[length=7]",
    "random-walk-motion[length=4]",
    "random-walk-motion[length=4.5, exposure=path]",
    "diagonal-motion",
    "diagonal-motion[centred=true]",
)
MOVING = ("lift_fresh", "_to_copy")


class NoDoubles(TorchDispatchMode):
    """Whatever computes with float64 fails, as on mps; arrays of the host may be converted."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        values = tree_leaves((args, kwargs, answer)) if func.overloadpacket.__name__ not in MOVING else []
        if any(isinstance(value, torch.Tensor) and value.dtype == torch.float64 for value in values):
            raise TypeError(f"{func}: this device has no float64")
        return answer


@pytest.fixture
def without_doubles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(precision, "_WITHOUT_DOUBLES", frozenset({"cpu"}))
    monkeypatch.setenv("BLURBENCH_NATIVE", "0")
    with NoDoubles():
        yield


@pytest.mark.parametrize("expression", BLURS)
def test_without_float64_every_blur_gives_the_same_up_to_rounding(
    expression: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    blur = discover().resolve("blurs", expression)
    images = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = blur.degrade(images, Draws(range(4), 3, ("test",))).images
    request.getfixturevalue("without_doubles")
    given = blur.degrade(images, Draws(range(4), 3, ("test",))).images
    assert (given - expected).abs().max() < 1e-5


def test_without_float64_an_image_is_deconvolved(request: pytest.FixtureRequest) -> None:
    blur = discover().resolve("blurs", "gaussian[sigma=1]")
    images = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    draws = Draws(range(2), 3, ("test",))
    expected = wiener(images, blur.psf(draws), 0.01)
    request.getfixturevalue("without_doubles")
    assert (wiener(images, blur.psf(draws), 0.01) - expected).abs().max() < 5e-3  # of values up to 5


def test_without_float64_a_map_of_sigma_and_a_kernel_blur(without_doubles: None) -> None:
    images = torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    for psf in (SigmaMap(torch.full((2, 32, 32), 1.5)), torch.full((2, 5, 5), 0.04)):
        assert convolve(images, psf).dtype == torch.float32


METRICS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "confidence": lambda images: confidence_of(images.flatten(1))[1],
    "squared error": lambda images: errors(images, images.flip(0)),
    "unevenness of edges": gradient_magnitude_variance,
    "moving average": lambda images: smoothed(images[:, 0], 5),
}


@pytest.mark.parametrize("name", METRICS)
def test_without_float64_metrics_are_the_same_up_to_rounding(name: str, request: pytest.FixtureRequest) -> None:
    images = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = METRICS[name](images).float()
    request.getfixturevalue("without_doubles")
    assert torch.allclose(METRICS[name](images), expected, rtol=1e-5, atol=1e-6)


def test_only_mps_is_taken_to_have_no_float64() -> None:
    assert precision.finest("mps") == torch.float32
    assert precision.finest("cuda:1") == precision.finest("cpu") == torch.float64
