"""The strategy `patch-mask`."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from blurbench_strategies.patch_mask import GRID, PatchMask

from blurbench.contract import (
    Classifier,
    Degraded,
)
from blurbench.imaging.sharpness import patch_laplacian_variance
from tests.plugins.strategies.fits import (
    BLUR,
    PATCHY,
    blurring,
    fitted,
    inputs_of,
    parts,
    setting,
)


def predictor_of(strategy: PatchMask, classifier: Classifier = PATCHY) -> Any:
    where = setting(strategy, classifier)
    return strategy.predictor(where, fitted(where), inputs_of(where))


def without_blank_images(strategy: PatchMask) -> torch.Tensor:
    """Which test images lose some patches in either direction, so that nothing is left whole."""
    scores = patch_laplacian_variance(parts()[2].images, 4, strategy.scope)
    below = scores < strategy.threshold
    return below.any(1) & ~below.all(1)


@pytest.mark.parametrize("scope", ["image", "patch"])
def test_masked_below_and_masked_above_are_all_patches(scope):
    below, above = (PatchMask(mask=mask, threshold=1000.0, scope=scope) for mask in ("below", "above"))
    images = parts()[2].images[without_blank_images(below)]
    assert len(images) > 50
    assert torch.equal(predictor_of(below).masked(images), ~predictor_of(above).masked(images))


def test_an_image_that_would_lose_every_patch_is_left_whole():
    flat = torch.full((2, 1, 16, 16), 0.5)
    flat[1, 0, 5, 5] = 1.0
    shares = predictor_of(PatchMask()).predict(Degraded(flat, None)).observations["masked_share"]
    assert shares[0] == 0
    assert 0.5 < shares[1] < 1


@pytest.mark.parametrize(("fill", "colour"), [("black", 0.0), ("mean", None)])
def test_masked_patches_are_painted_and_the_others_are_not(fill, colour):
    predictor = predictor_of(PatchMask(threshold=1000.0, fill=fill))
    images = parts()[2].images
    masked = predictor.masked(images)
    painted = predictor.painted(images, masked)
    tiles = painted.unfold(2, 4, 4).unfold(3, 4, 4).flatten(1, 3)
    clean = images.unfold(2, 4, 4).unfold(3, 4, 4).flatten(1, 3)
    expected = parts()[0].images.mean().item() if colour is None else colour
    torch.testing.assert_close(tiles[masked], torch.full_like(tiles[masked], expected))
    assert torch.equal(tiles[~masked], clean[~masked])
    assert 0.2 < masked.float().mean() < 0.8


def test_the_mean_colour_is_zero_to_the_standardised_network():
    where = setting(PatchMask(), PATCHY)
    network, mean = inputs_of(where)["plain"].module, fitted(where).notes["mean"]
    torch.testing.assert_close(network.mean.flatten(), torch.tensor(mean))


def test_dropping_gives_the_network_the_patches_that_are_left():
    predictor = predictor_of(PatchMask(how="drop", threshold=1000.0))
    images = parts()[2].images
    result = predictor.predict(Degraded(images, None))
    masked = predictor.masked(images)
    torch.testing.assert_close(result.logits, predictor.module(images, ~masked))
    torch.testing.assert_close(result.observations["masked_share"], masked.float().mean(1))


def test_without_a_threshold_the_best_on_blurred_validation_images_is_chosen():
    where = setting(PatchMask(threshold="validation"), PATCHY)
    notes = fitted(where).notes
    accuracies = dict(notes["tried"])
    assert tuple(sorted(accuracies)) == GRID
    assert accuracies[notes["threshold"]] == max(accuracies.values())
    validation = parts()[1]
    blurred = blurring(BLUR)(validation, 0)
    fixed = predictor_of(PatchMask(threshold=notes["threshold"]))
    right = (fixed.predict(blurred).logits.argmax(1) == validation.labels).float().mean().item()
    assert right == pytest.approx(max(accuracies.values()))


def test_only_a_threshold_to_be_chosen_looks_at_the_training_blur():
    given, chosen = PatchMask(), PatchMask(threshold="validation")
    assert (given.uses_train_blur(), given.knows()) == (False, "nothing")
    assert (chosen.uses_train_blur(), chosen.knows()) == (True, "training blur")
    assert given.at_prediction() == (given,)


def test_a_classifier_without_patches_is_declined():
    assert "patches" in PatchMask().skip(setting(PatchMask()))
    assert PatchMask().skip(setting(PatchMask(), PATCHY)) is None
