"""Test images fit and choose nothing; seeds differ in weights, order and draws; budgets take classes in proportion."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.promises.conftest import Witnessed
from tests.promises.witness import PARTS, SIZES

SEEDS = (0, 1)
TAKEN = {"train": 80, "validation": 40, "test": 280}
"""Images that the budget of the witness suite takes of each part."""


def _shares(name: str) -> dict[int, float]:
    """How many images of each class belong into the budget's share of a part."""
    whole = sum(SIZES[name])
    return {label: TAKEN[name] * count / whole for label, count in enumerate(SIZES[name])}


@pytest.mark.parametrize("name", ["train", "validation"])
@pytest.mark.parametrize("what", ["fit", "restorer"])
def test_what_fits_is_given_the_images_of_that_part_and_of_no_other(witnessed: Witnessed, what: str, name: str) -> None:
    given = witnessed.said(what, part=name)
    assert {line["seed"] for line in given} == set(SEEDS)
    for line in given:
        assert line["parts"] == [PARTS[name]]
        assert line["positions"] == line["ids"]
        assert len(set(line["ids"])) == TAKEN[name]


def test_what_predicts_is_given_the_test_images_alone(witnessed: Witnessed) -> None:
    for test_blur in ("none", "witness-blur"):
        for record in witnessed.records("witness", test_blur).values():
            assert record["metrics"]["observations"]["of_test"] == 1
            assert record["metrics"]["n"] == TAKEN["test"]


@pytest.mark.parametrize("name", ["train", "validation"])
def test_a_limited_part_has_every_class_in_proportion(witnessed: Witnessed, name: str) -> None:
    for line in witnessed.said("fit", part=name):
        labels = Counter(line["labels"])
        assert all(abs(labels[label] - share) <= 1 for label, share in _shares(name).items()), labels


def test_a_limited_test_part_has_every_class_in_proportion(witnessed: Witnessed) -> None:
    for record in witnessed.records("plain", "none").values():
        labels = Counter(record["images"]["label"])
        assert all(abs(labels[label] - share) <= 1 for label, share in _shares("test").items()), labels


def test_seeds_differ_in_their_weights_and_rows_of_one_seed_do_not(witnessed: Witnessed) -> None:
    weights = {seed: {line["digest"] for line in witnessed.said("weights", seed=seed)} for seed in SEEDS}
    assert [len(found) for found in weights.values()] == [1, 1]
    assert weights[0] != weights[1]


def test_seeds_differ_in_the_order_of_the_images_and_rows_of_one_seed_do_not(witnessed: Witnessed) -> None:
    for epoch in (0, 1):
        orders = [{str(line["batches"]) for line in witnessed.said("order", seed=s, epoch=epoch)} for s in SEEDS]
        assert [len(found) for found in orders] == [1, 1]
        assert orders[0] != orders[1]


def test_every_epoch_takes_every_image_once_in_an_order_of_its_own(witnessed: Witnessed) -> None:
    for seed in SEEDS:
        orders = [witnessed.said("order", seed=seed, epoch=epoch)[0]["batches"] for epoch in (0, 1)]
        flat = [[place for batch in order for place in batch] for order in orders]
        assert flat[0] != flat[1]
        assert [sorted(order) for order in flat] == [list(range(TAKEN["train"]))] * 2


@pytest.mark.parametrize("name", ["train", "validation"])
def test_the_training_blur_is_drawn_afresh_for_each_epoch_part_and_seed(witnessed: Witnessed, name: str) -> None:
    drawn = [tuple(epoch) for seed in SEEDS for epoch in witnessed.said("fit", part=name, seed=seed)[0]["drawn"]]
    assert len(drawn) == 6
    for place in zip(*drawn, strict=True):
        assert len(set(place)) == 6  # no image meets the same number twice


def test_rows_of_one_seed_meet_the_same_blurred_images(witnessed: Witnessed) -> None:
    for seed in SEEDS:
        assert len({str(line["drawn"]) for line in witnessed.said("fit", part="train", seed=seed)}) == 1


def test_built_in_fits_ask_for_every_epoch_and_validate_on_the_blurred_validation_images(witnessed: Witnessed) -> None:
    for seed in SEEDS:
        scopes = Counter(tuple(line["scope"]) for line in witnessed.said("blur", seed=seed))
        # Three witnesses look at three epochs, retrain fits for three, the restorer for two; a fit ends by validating
        # what it keeps.
        assert [scopes["train", epoch] for epoch in (0, 1, 2)] == [5, 5, 4]
        assert [scopes["validation", epoch] for epoch in (0, 1, 2)] == [5, 6, 5]
