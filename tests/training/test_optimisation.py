"""Optimisers and schedules of a recipe."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from blurbench.contract import Recipe
from blurbench.training.optimisation import optimiser_of, schedule_of
from tests.training.conftest import fitted


def rates(recipe: Recipe, steps: int) -> list[float]:
    optimiser = optimiser_of([nn.Parameter(torch.zeros(1))], recipe)
    schedule = schedule_of(optimiser, recipe, steps)
    found = []
    for _ in range(steps):
        found.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    return found


def test_one_cycle_rises_for_three_tenths_to_the_recipe_s_rate_and_falls_to_nothing():
    found = rates(Recipe(1, 0.01), 100)
    peak = found.index(max(found))
    assert peak == pytest.approx(30, abs=2)
    assert max(found) == pytest.approx(0.01)
    assert found[-1] < 1e-6
    assert all(one < two for one, two in pairwise(found[: peak + 1]))
    assert all(one > two for one, two in pairwise(found[peak:]))


def test_a_constant_schedule_stays_where_it_is():
    assert set(rates(Recipe(1, 0.01, schedule="constant"), 20)) == {0.01}


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_every_optimiser_lowers_the_loss(optimizer):
    _, notes = fitted(0, epochs=3, optimizer=optimizer, learning_rate=0.05 if optimizer == "sgd" else 5e-3)
    assert notes["train_loss"][-1] < 0.8 * notes["train_loss"][0]
