"""Training images varied afresh in each epoch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_datasets.digits import Digits
from blurbench_strategies.first_n import FirstN
from torch import nn

from blurbench.contract import Budget, Recipe, Setting, Shape
from blurbench.imaging.gathered import Gathered
from blurbench.matrix.suite import budget_of
from blurbench.registry import Registry
from blurbench.training import fit_classifier, recipe_for
from blurbench.training.augmentation import augmented

FLIP_CROP, AUGMIX = Recipe(1, augment="flip-crop"), Recipe(1, augment="augmix")


def photographs() -> torch.Tensor:
    from skimage import data

    x = torch.from_numpy(data.astronaut()[:256, :256]).permute(2, 0, 1)[None].float() / 255
    return torch.nn.functional.interpolate(x, 32, mode="area").expand(40, -1, -1, -1)


def test_without_augmentation_the_images_are_the_same_object() -> None:
    x = photographs()
    assert augmented(x, Recipe(1), 0, 0) is x


def test_flip_crop_cuts_each_image_from_itself_in_a_black_frame() -> None:
    x = photographs()
    found = augmented(x, FLIP_CROP, 0, 0).numpy()
    frame = np.pad(x[0].numpy(), ((0, 0), (4, 4), (4, 4)))
    seen = set()
    for image in found:
        cuts = {
            (top, left, way): frame[:, top : top + 32, left : left + 32][..., ::way]
            for top in range(9)
            for left in range(9)
            for way in (1, -1)
        }
        matches = [place for place, cut in cuts.items() if np.array_equal(cut, image)]
        assert len(matches) == 1
        seen.add(matches[0])
    assert len(seen) > 30
    assert 0.25 < np.mean([way == 1 for _, _, way in seen]) < 0.75
    assert {top for top, _, _ in seen} >= {0, 8}


@pytest.mark.parametrize("recipe", [FLIP_CROP, AUGMIX], ids=["flip-crop", "augmix"])
def test_an_epoch_is_the_same_for_the_same_seed_and_other_in_another_epoch(recipe: Recipe) -> None:
    x = photographs()[:6]
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, same, later = (augmented(x, recipe, 3, epoch) for epoch in (0, 0, 1))
    assert torch.equal(first, same)
    assert not torch.equal(first, later)
    assert torch.equal(torch.get_rng_state(), before)
    assert first.shape == x.shape
    assert 0 <= float(first.min()) <= float(first.max()) <= 1
    assert len(first.flatten(1).unique(dim=0)) == 6


def test_augmix_stays_near_the_image_on_average_and_takes_grey() -> None:
    x = photographs()
    off = (augmented(x, AUGMIX, 0, 0) - x).square().mean().sqrt()
    assert 0.02 < float(off) < 0.3
    assert augmented(x[:3, :1], AUGMIX, 0, 0).shape == (3, 1, 32, 32)


def test_a_fit_sees_augmented_images_and_its_statistics_are_theirs() -> None:
    dark = torch.zeros(64, 1, 8, 8)
    dark[..., :4] = 1
    module = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(64, 2))
    recipe = Recipe(2, batch_size=64, augment="flip-crop")
    fit_classifier(module, lambda epoch: dark, torch.arange(64) % 2, recipe, 0)
    expected = augmented(dark, recipe, 0, 1).mean()
    assert float(module[0].running_mean[0]) == pytest.approx(float(expected), abs=1e-6)  # type: ignore[index]
    assert abs(float(expected) - 0.5) > 0.01


def test_the_budget_s_augmentation_holds_where_the_recipe_names_none(registry: Registry) -> None:
    budget = budget_of("quick", {"augment": "flip-crop"}, "a suite")
    where = Setting(Digits(), registry.resolve("blurs", "none"), Cnn3(), FirstN(1), Shape(1, 16, 16), 10, budget, 0)
    assert {recipe_for(where, purpose).augment for purpose in ("train", "finetune")} == {"flip-crop"}  # type: ignore[arg-type]
    plain = replace(where, budget=Budget("quick"))
    assert recipe_for(plain, "train") == Cnn3().recipe("train", Budget("quick"))
    assert budget.key()["augment"] == "flip-crop"


@pytest.mark.parametrize("recipe", [FLIP_CROP, AUGMIX], ids=["flip-crop", "augmix"])
def test_images_that_memory_does_not_hold_are_varied_as_those_that_it_holds(recipe: Recipe) -> None:
    x = photographs()
    gathered = Gathered(x.shape, lambda rows: x[rows], 0, x.dtype, x.device)
    rows = torch.tensor([5, 39, 0])
    found = augmented(gathered, recipe, 3, 1)
    assert isinstance(found, Gathered)
    assert torch.equal(found[rows], augmented(x, recipe, 3, 1)[rows])
