"""The network of Patro 2017: its size, its patches, its map, and that it learns."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from blurbench_estimators.cnn_sigma import CnnSigma
from blurbench_estimators.fitting import HELD_OUT
from blurbench_estimators.patches import Patches

from blurbench.contract import Budget, EstimatorJob, GaussianPsf, ImageSet
from blurbench.errors import Skip, UsageError
from blurbench.imaging.convolution import convolve
from blurbench.imaging.windows import by_windows
from blurbench.registry import Registry


def pictures(n: int = 4, height: int = 96, width: int = 128) -> ImageSet:
    """Sharp random textures."""
    random = np.random.default_rng(n)
    images = torch.from_numpy(random.random((n, 1, height, width), dtype=np.float32))
    return ImageSet(images, torch.arange(n), torch.arange(n))


def parameters(estimator: CnnSigma) -> int:
    return sum(parameter.numel() for parameter in estimator.build().parameters())


@pytest.mark.parametrize(
    ("network", "classes", "expected"),
    [
        ("conv8-fc4", 30, 3_270_426),
        ("conv8-fc4", 10, 3_268_406),
        ("conv4-fc2", 30, 125_590),
        ("fcn", 30, 1_858_449),
        ("conv8-fc4-wide", 30, 5_230_626),
    ],
)
def test_the_networks_have_their_published_sizes(network: str, classes: int, expected: int) -> None:
    assert parameters(CnnSigma(classes=classes, network=network)) == expected  # type: ignore[arg-type]


def test_classes_stand_for_the_report_s_sigmas() -> None:
    assert CnnSigma(classes=10).sigmas() == pytest.approx([0.3 * c for c in range(1, 11)])
    assert CnnSigma(classes=30).sigmas() == pytest.approx([0.1 * c for c in range(1, 31)])
    assert CnnSigma(classes=30).limits == pytest.approx((0.1, 3.0))


# --- patches -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("padding", ["replicate", "zeros"])
def test_a_patch_is_cut_from_the_picture_blurred_as_a_whole(padding: str) -> None:
    images = pictures().images
    sigmas = (0.1, 1.4, 3.0)
    patches = Patches(images, sigmas, 32, padding)  # type: ignore[arg-type]
    assert len(patches) == 3 * 4 * 3 * 4
    numbers = torch.arange(len(patches))
    cut, classes = patches.cut(numbers, torch.Generator())
    place = 0
    for which, sigma in enumerate(sigmas):
        psf = GaussianPsf(torch.full((4,), sigma), 2 * math.ceil(2 * sigma) + 1)
        whole = convolve(images, psf, padding).mul(255).round() / 255  # type: ignore[arg-type]
        for picture in whole[:, 0]:
            for top in range(0, 96, 32):
                for left in range(0, 128, 32):
                    assert classes[place] == which
                    off = (cut[place, 0] - picture[top : top + 32, left : left + 32]).abs().max().item()
                    assert off < 1.01 / 255  # a value on the edge between two levels may fall to either
                    place += 1
    assert place == len(patches)


def test_80_pictures_of_640_pixels_give_the_report_s_number_of_patches() -> None:
    patches = Patches(torch.zeros(80, 1, 640, 640), CnnSigma(classes=10).sigmas(), 32)
    assert len(patches) == 80 * 400 * 10
    kept = round(0.25 * 3 * len(patches))  # 30 classes
    assert (round(len(patches) * (1 - HELD_OUT)), round(kept * (1 - HELD_OUT))) == (224_000, 168_000)


def test_noise_is_drawn_up_to_its_limit_for_each_patch() -> None:
    patches = Patches(torch.full((1, 1, 320, 320), 0.5), (1.0,), 32, noise=8)
    cut, _ = patches.cut(torch.arange(100), torch.Generator().manual_seed(0))
    stds = cut.std((1, 2, 3)) * 255
    assert stds.min() < 1.0
    assert 7.0 < stds.max() < 8.5


# --- maps ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("network", ["conv8-fc4", "conv4-fc2", "fcn"])
def test_the_map_is_what_window_by_window_gives(network: str, stride: int) -> None:
    estimator = CnnSigma(network=network, reading="mean")  # type: ignore[arg-type]
    torch.manual_seed(1)
    module = estimator.build().eval()
    height, width = (34, 35) if network == "fcn" else (41, 52)
    images = pictures(2, height, width).images
    shared = estimator.sigma_map(images, module, stride)
    single = by_windows(lambda windows: estimator.estimate(windows, module), images, 32, stride)
    assert shared.shape == single.shape == (2, (height - 32) // stride + 1, (width - 32) // stride + 1)
    assert shared.std() > 0
    torch.testing.assert_close(shared, single, atol=1e-4, rtol=0)


def test_a_large_map_is_made_in_bands_and_stays_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from blurbench_estimators.networks import windowed

    estimator = CnnSigma(network="conv4-fc2")
    module = estimator.build().eval()
    images = pictures(1, 50, 60).images
    whole = estimator.sigma_map(images, module)
    monkeypatch.setattr(windowed, "_BLOCK", 40)
    torch.testing.assert_close(estimator.sigma_map(images, module), whole)


def test_colour_is_read_by_its_grey_value() -> None:
    estimator = CnnSigma(network="conv4-fc2")
    module = estimator.build().eval()
    grey = pictures(1, 40, 40).images
    torch.testing.assert_close(estimator.estimate(grey.expand(1, 3, 40, 40), module), estimator.estimate(grey, module))


def test_an_unfitted_estimator_says_so() -> None:
    with pytest.raises(Skip, match="must be fitted"):
        CnnSigma().estimate(torch.zeros(1, 1, 32, 32))


def test_a_wrong_network_is_one_line(registry: Registry) -> None:
    with pytest.raises(UsageError, match="estimator 'cnn-sigma': network"):
        registry.resolve("estimators", "cnn-sigma[network=conv5]")


@pytest.mark.slow
def test_a_map_of_371000_windows_takes_less_than_30_seconds_and_2_gigabytes() -> None:
    import resource
    import time

    estimator = CnnSigma()
    module = estimator.build().eval()
    images = pictures(1, 640, 640).images
    before = time.perf_counter()
    assert estimator.sigma_map(images, module).shape == (1, 609, 609)
    assert time.perf_counter() - before < 30
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < 2e9


# --- fitting -------------------------------------------------------------------------------------------------------


def job(validation: ImageSet | None, epochs: int = 4) -> EstimatorJob:
    return EstimatorJob(pictures(6, 128, 128), validation, Budget("", epochs=epochs), seed=0)


@pytest.mark.slow
def test_it_learns_to_tell_three_blurs_of_noise_apart_on_pictures_that_it_never_met() -> None:
    estimator = CnnSigma(classes=3, network="conv4-fc2", patches=200, share=1.0)
    torch.manual_seed(0)
    module = estimator.build()
    notes = estimator.fit(module, job(pictures(2, 128, 128), epochs=20))
    assert notes["validation_accuracy"][-1] > 0.9
    others = pictures(3, 96, 96).images
    for sigma in (1.0, 3.0):
        blurred = convolve(others, GaussianPsf(torch.full((3,), sigma)), "replicate")
        assert (estimator.estimate(blurred, module) - sigma).abs().max() < 0.5


def test_without_other_pictures_a_share_of_the_patches_validates() -> None:
    estimator = CnnSigma(classes=3, network="conv4-fc2", patches=1000, share=1.0)
    notes = estimator.fit(estimator.build(), job(None, epochs=1))
    assert notes["images_seen"] == round(6 * 16 * 3 * (1 - HELD_OUT))
    assert len(notes["validation_accuracy"]) == 1


def test_the_same_seed_gives_the_same_network() -> None:
    states = []
    for _ in range(2):
        estimator = CnnSigma(classes=3, network="conv4-fc2", patches=64, noise=2)
        torch.manual_seed(0)
        module = estimator.build()
        estimator.fit(module, job(None, epochs=1))
        states.append(torch.cat([value.flatten() for value in module.state_dict().values()]))
    assert torch.equal(*states)


@pytest.mark.slow
def test_the_regressor_learns_sigma_as_a_number() -> None:
    estimator = CnnSigma(classes=3, network="fcn", patches=100, share=1.0)
    torch.manual_seed(0)
    module = estimator.build()
    notes = estimator.fit(module, EstimatorJob(pictures(2, 64, 64), None, Budget("", epochs=6), seed=0))
    assert notes["train_loss"][-1] < notes["train_loss"][0]
    assert "validation_accuracy" not in notes
    assert estimator.answers is None
    assert estimator.estimate(pictures(2, 32, 32).images, module).shape == (2,)


def test_how_the_answer_is_read_is_no_part_of_what_is_fitted() -> None:
    assert CnnSigma(reading="mean").fitted_as() == CnnSigma()
    assert CnnSigma(reading="mean").answers is None
