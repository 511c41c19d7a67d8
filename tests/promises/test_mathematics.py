"""What a whole run cannot tell: optimisers, restorers and estimators beside references of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve2d
from skimage import data
from skimage.restoration import richardson_lucy
from torch import nn

import blurbench as bb
from blurbench.contract import Budget, Degraded, ImageSet, Recipe, RestorerJob
from blurbench.training import fit_restorer, minimise

# --- weight decay ----------------------------------------------------------------------------------------------------

RATE, DECAY, STEPS = 0.1, 0.05, 4


def _adam(weight: float) -> float:
    mean = square = 0.0
    for step in range(1, STEPS + 1):
        slope = DECAY * weight
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        weight -= RATE * (mean / (1 - 0.9**step)) / (math.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weight


def _adagrad(weight: float) -> float:
    total = 0.0
    for _ in range(STEPS):
        slope = DECAY * weight
        total += slope**2
        weight -= RATE * slope / (math.sqrt(total) + 1e-8)
    return weight


def _sgd(weight: float) -> float:
    speed = 0.0
    for _ in range(STEPS):
        speed = 0.9 * speed + DECAY * weight
        weight -= RATE * speed
    return weight


ALONE: dict[str, Callable[[float], float]] = {
    "adam": _adam,
    "adamw": lambda weight: weight * (1 - RATE * DECAY) ** STEPS,
    "adagrad": _adagrad,
    "sgd": _sgd,
}


@pytest.mark.parametrize("optimizer", list(ALONE))
def test_where_nothing_is_to_be_learned_weights_decay_as_the_optimiser_was_published(optimizer: str) -> None:
    module = nn.Linear(1, 1, bias=False)
    nn.init.constant_(module.weight, 2.0)
    recipe = Recipe(STEPS, RATE, 2, optimizer, "constant", weight_decay=DECAY)  # type: ignore[arg-type]
    nothing = torch.zeros(2, 1)
    minimise(module, lambda out, wanted: (out - wanted).sum(), 2, lambda *_: (nothing, nothing), None, recipe, 0)
    assert module.weight.item() == pytest.approx(ALONE[optimizer](2.0), rel=1e-5)


# --- fits ------------------------------------------------------------------------------------------------------------


def _restoring(patience: int | None) -> tuple[dict[str, list[float]], list[tuple[float, int]], RestorerJob]:
    """The notes of a fit, the images and epochs that it had blurred, and its job."""
    generator = torch.Generator().manual_seed(0)
    train, validation = (
        ImageSet(low + 0.5 * torch.rand(n, 1, 8, 8, generator=generator), torch.zeros(n), torch.arange(n))
        for low, n in ((0.0, 12), (0.5, 12))  # of one size, so that taking one for the other goes unnoticed
    )
    asked: list[tuple[float, int]] = []

    def blur(images: ImageSet, epoch: int) -> Degraded:
        asked.append((float(images.images.mean() > 0.5), epoch))
        return Degraded(images.images * 0.5 + 0.01 * epoch, None)

    job = RestorerJob(train, validation, blur, Budget("x"), 3)
    torch.manual_seed(0)
    notes = fit_restorer(nn.Conv2d(1, 1, 1), job, Recipe(3, 1e-9, 4, schedule="constant", patience=patience))
    return notes, asked, job


@pytest.mark.parametrize("patience", [None, 2])
def test_a_restorer_is_validated_on_its_validation_images_blurred_anew_each_epoch(patience: int | None) -> None:
    notes, asked, job = _restoring(patience)
    torch.manual_seed(0)
    still = nn.Conv2d(1, 1, 1)  # steps of 1e-9 leave the network as it was
    with torch.no_grad():
        seen = [job.validation.images * 0.5 + 0.01 * epoch for epoch in range(3)]
        wanted = [float((still(images) - job.validation.images).square().mean()) for images in seen]
    assert notes["validation_loss"] == pytest.approx(wanted, rel=1e-4)
    assert asked[:6] == [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]


def test_the_order_of_the_images_follows_from_the_seed_alone() -> None:
    orders = [_order(seed) for seed in (0, 1, 0)]
    assert orders[0] == orders[2] != orders[1]
    assert sorted(place for batch in orders[0] for place in batch) == list(range(30))


def _order(seed: int) -> list[list[int]]:
    taken: list[list[int]] = []

    def train(epoch: int, batches: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        taken.extend(batch.tolist() for batch in batches)
        return torch.ones(30, 1), torch.ones(30, 1)

    torch.manual_seed(9)
    minimise(nn.Linear(1, 1), nn.functional.mse_loss, 30, train, None, Recipe(1, batch_size=7), seed)
    return taken


# --- told the PSF ----------------------------------------------------------------------------------------------------

COMET = np.zeros((5, 5))
COMET[2, 2:], COMET[3, 3], COMET[4, 4] = (0.4, 0.2, 0.1), 0.2, 0.1
"""A PSF that no turn or mirror maps onto itself."""


def test_richardson_lucy_with_a_lopsided_psf_is_scikit_images_away_from_the_border() -> None:
    clean = data.camera()[100:196, 180:276] / 255
    seen = convolve2d(clean, COMET, mode="same", boundary="symm").astype(np.float32)
    given = torch.from_numpy(seen)[None, None]
    ours = bb.restore(given, "richardson-lucy[iterations=10]", psf=torch.from_numpy(COMET))[0, 0].numpy()
    theirs = richardson_lucy(seen, COMET, num_iter=10)
    inner = (slice(24, -24), slice(24, -24))
    assert np.abs(ours - theirs)[inner].mean() < 0.01
    errors = [np.square(image - clean)[inner].mean() for image in (ours, theirs, seen)]
    assert errors[0] < 1.1 * errors[1] < 0.4 * errors[2]


@pytest.mark.parametrize("restorer", ["wiener", "richardson-lucy", "total-variation"])
def test_a_deconvolver_moves_a_point_back_to_where_it_was(restorer: str) -> None:
    image = torch.full((1, 1, 33, 33), 0.1)
    image[0, 0, 16, 16] = 0.9
    kernel = torch.zeros(5, 5)
    kernel[3, 4] = 1.0
    seen = torch.roll(image, (1, 2), (2, 3))
    restored = bb.restore(seen, restorer, psf=kernel)
    assert divmod(int(restored[0, 0].argmax()), 33) == (16, 16)


# --- reading a blur --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def leaves() -> list[np.ndarray]:
    """Dead leaves (Lee, Mumford, Huang 2001): discs of a scale-free choice of sizes, each in front of the last."""
    return [_leaves(seed) for seed in range(6)]


def _leaves(seed: int, side: int = 128, fine: int = 4) -> np.ndarray:
    random, whole = np.random.default_rng(seed), side * fine
    scene = np.full((whole, whole), -1.0)
    rows, columns = np.mgrid[:whole, :whole]
    while (scene < 0).any():
        radius = 2 * fine / math.sqrt(1 - random.random() * (1 - (2 / 60) ** 2))
        row, column = random.uniform(-radius, whole + radius, 2)
        around = tuple(slice(max(0, int(centre - radius)), int(centre + radius) + 2) for centre in (row, column))
        far = (rows[around] - row) ** 2 + (columns[around] - column) ** 2 > radius**2
        scene[around] = np.where(far | (scene[around] >= 0), scene[around], random.random())
    return scene.reshape(side, fine, side, fine).mean((1, 3))


@pytest.mark.parametrize("sigma", [0.8, 1.0, 1.5])
def test_spectral_reads_neither_too_little_nor_too_much_on_average(leaves: list[np.ndarray], sigma: float) -> None:
    seen = [np.round(255 * gaussian_filter(scene, sigma)) / 255 for scene in leaves]
    read = bb.make("spectral").estimate(torch.tensor(np.stack(seen)[:, None], dtype=torch.float32))
    assert read.mean().item() == pytest.approx(sigma, rel=0.03)
