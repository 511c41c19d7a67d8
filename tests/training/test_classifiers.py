"""Fitting a classifier."""

import json

import pytest
from torch import nn

from blurbench.contract import Recipe
from blurbench.training import fit_classifier
from tests.training.conftest import fitted, network


def test_each_epoch_asks_for_its_own_inputs(digits):
    asked = []
    fit_classifier(network(0), lambda epoch: asked.append(epoch) or digits.images, digits.labels, Recipe(3), 0)
    assert asked == [0, 1, 2]


def test_notes_are_json(digits):
    module = network(0)
    recipe = Recipe(2, 1e-3, patience=2)
    validation = (digits.images[:20], digits.labels[:20])
    notes = fit_classifier(module, lambda epoch: digits.images, digits.labels, recipe, 0, validation)
    assert json.loads(json.dumps(notes)) == notes
    assert len(notes["validation_loss"]) == len(notes["validation_accuracy"]) == 2


def test_what_is_kept_is_validated_with_its_statistics(digits):
    module = network(0)
    whole = (digits.images, digits.labels)
    notes = fit_classifier(module, lambda epoch: digits.images, digits.labels, Recipe(1, 0.05), 0, whole)
    expected = nn.functional.cross_entropy(module(digits.images), digits.labels).item()
    assert notes["final_loss"] == pytest.approx(expected, rel=1e-5)
    assert notes["final_loss"] != notes["validation_loss"][0]


@pytest.mark.parametrize(("rate", "expected"), [(1e-3, True), (1e-12, False)])
def test_a_fit_says_whether_it_was_still_improving(digits, rate, expected):
    module = nn.Sequential(nn.Flatten(), nn.Linear(256, 10))
    recipe = Recipe(3, rate, batch_size=8, schedule="constant")
    whole = (digits.images, digits.labels)
    assert (
        fit_classifier(module, lambda epoch: digits.images, digits.labels, recipe, 0, whole)["still_improving"]
        is expected
    )


def test_patience_without_validation_images_is_refused():
    with pytest.raises(ValueError, match="needs validation images"):
        fitted(0, patience=2)
