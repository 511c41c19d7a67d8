"""The built-in blurs."""

from __future__ import annotations

import bz2
import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from blurbench_blurs.chain import Chain
from blurbench_blurs.diagonal_motion import DiagonalMotion
from blurbench_blurs.gaussian import Gaussian

from blurbench.errors import UsageError
from blurbench.imaging.draws import Draws
from blurbench.registry import Registry
from tests.plugins.blurs.drawn import draws, images


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("gaussian[sigma=1, size=8]", "size must be odd"),
        ("gaussian[sigma=0.01]", "must lie between 0.05 and 30 pixels, not 0.01"),
        ("gaussian[sigma=1, padding=mirror]", "padding"),
        ("gaussian", "needs the parameter 'sigma'"),
        ("gaussian-noise[std=300]", "must lie between 0 and 255 of 255, not 300"),
        ("diagonal-motion[box=0]", "must lie between 1 and 99, not 0"),
        ("chain", "needs the parameter 'steps'"),
        ("chain[steps=[]]", "at least one blur"),
        ("chain[steps=[gausian[sigma=1]]]", "did you mean 'gaussian'"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(registry: Registry, expression: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        registry.resolve("blurs", expression)


@pytest.mark.parametrize(
    "expression",
    [
        "none",
        "gaussian[sigma={low=0.5, high=2}]",
        "diagonal-motion",
        "gaussian-noise[std={choice=[1, 2]}]",
        "round-8bit",
        "chain[steps=[gaussian[sigma={low=1, high=2}, size=9], diagonal-motion, gaussian-noise[std=2], round-8bit]]",
    ],
)
def test_an_image_is_degraded_alike_in_any_batch_and_any_order(registry: Registry, expression: str) -> None:
    blur = registry.resolve("blurs", expression)
    x = images(6, 3)
    order = [4, 1, 5, 0]
    together = blur.degrade(x, draws(6)).images
    chosen = blur.degrade(x[order], Draws(order, 1, ("test",))).images
    # An 8-bit value may flip where the blur falls on a half.
    torch.testing.assert_close(chosen, together[order], rtol=0, atol=1.01 / 255 if "8bit" in expression else 1e-6)


GAUSS9 = Gaussian(1, size=9)
MOVE9 = Chain((GAUSS9, DiagonalMotion()))


def fashion_test() -> torch.Tensor:
    file = Path(os.environ["BLURBENCH_DATA"]) / "FashionMNIST" / "raw" / "t10k-images-idx3-ubyte.gz"
    pixels = np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8, offset=16)
    return torch.from_numpy(pixels.reshape(-1, 1, 28, 28) / np.float32(255))


def usps_test() -> torch.Tensor:
    """LIBSVM's text: a label, then index:value from -1 to 1; kept as whole 255ths, as torchvision does."""
    lines = bz2.decompress((Path(os.environ["BLURBENCH_DATA"]) / "usps.t.bz2").read_bytes()).decode().splitlines()
    values = np.array([[pair.split(":")[1] for pair in line.split()[1:]] for line in lines], dtype=np.float64)
    return torch.from_numpy(np.floor((values + 1) / 2 * 255).astype(np.float32) / 255).view(-1, 1, 16, 16)


@pytest.mark.data
@pytest.mark.parametrize(
    ("load", "blur", "expected", "tolerance"),
    [
        (fashion_test, GAUSS9, 0.013304, 0.00002),
        (usps_test, GAUSS9, 0.009380, 0.00002),
        (fashion_test, MOVE9, 0.0309, 0.001),
        (usps_test, MOVE9, 0.0412, 0.001),
    ],
)
def test_the_mean_squared_error_of_shen_et_al_comes_out(load, blur, expected, tolerance) -> None:  # type: ignore[no-untyped-def]
    clean = load()
    error = (blur.degrade(clean, draws(len(clean))).images - clean).square().mean()
    assert float(error) == pytest.approx(expected, abs=tolerance)
