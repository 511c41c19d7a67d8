"""Matrices for some of a suite's data sets and blurs, and rows that are tested on their own blur alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from blurbench.contract import Dataset, Shape
from blurbench.errors import UnknownName
from blurbench.matrix.cell import Cell, Data
from blurbench.matrix.plan import Plan
from blurbench.matrix.suite import AccuracySuite
from blurbench.registry import Registry
from tests.builders import plan_of

CONTENT: dict[str, Any] = {
    "name": "tiny",
    "version": 1,
    "title": "Tiny",
    "datasets": ["digits", "photo-crops"],
    "train_blurs": ["mild", "strong"],
    "test_blurs": ["none", "mild", "strong"],
    "labels": {"mild": "gaussian[sigma=1]", "strong": "gaussian[sigma=3]"},
    "matrix": [
        {"classifiers": ["cnn2"], "strategies": ["plain", "retrain"], "datasets": ["digits"]},
        {"classifiers": ["cnn3"], "strategies": ["plain", "retrain"], "datasets": ["photo-crops"]},
    ],
    "budgets": {"quick": {"train_images": 100}},
}

Planner = Callable[..., Plan]


@pytest.fixture
def planned(registry: Registry) -> Planner:
    def make(**content: Any) -> Plan:
        suite = AccuracySuite.model_validate({**CONTENT, **content})

        def describe(dataset: Dataset) -> Data:
            return Data(registry.name_of(dataset), registry.name_of(dataset), Shape(1, 16, 16), 10, 1000, 300)

        return plan_of(registry, suite, describe)

    return make


def place(cell: Cell, *axes: str) -> tuple[str, ...]:
    return tuple(cell.labels[axis] for axis in axes)


def test_a_product_is_multiplied_with_its_own_data_sets_alone(planned: Planner) -> None:
    pairs = {place(cell, "dataset", "classifier") for cell in planned().cells}

    assert pairs == {("digits", "cnn2"), ("photo-crops", "cnn3")}


def test_a_product_is_multiplied_with_its_own_training_blurs_alone(planned: Planner) -> None:
    matrix = [{"classifiers": ["cnn2"], "strategies": ["plain", "retrain"], "train_blurs": ["strong"]}]

    assert {cell.labels["train_blur"] for cell in planned(matrix=matrix).cells} == {"", "strong"}


def test_a_row_that_two_products_share_is_one_row(planned: Planner) -> None:
    one = {"classifiers": ["cnn2"], "strategies": ["plain", "retrain"], "train_blurs": ["mild"]}
    other = {"classifiers": ["cnn2"], "strategies": ["plain", "first-n[n=1]"], "train_blurs": ["strong"]}

    cells = planned(matrix=[one, other]).cells

    assert len({tuple(cell.labels.values()) for cell in cells}) == len(cells)
    assert {place(cell, "strategy", "train_blur") for cell in cells} == {
        ("plain", ""),
        ("retrain", "mild"),
        ("first-n[n=1]", "strong"),
    }


def test_tested_on_own_leaves_out_the_blurs_of_other_rows(planned: Planner) -> None:
    tests = {place(cell, "strategy", "train_blur"): set[str]() for cell in planned(tested_on="own").cells}
    for cell in planned(tested_on="own").cells:
        tests[place(cell, "strategy", "train_blur")].add(cell.labels["test_blur"])

    assert tests == {
        ("plain", ""): {"none", "mild", "strong"},
        ("retrain", "mild"): {"none", "mild"},
        ("retrain", "strong"): {"none", "strong"},
    }


def test_a_data_set_that_the_suite_does_not_have_is_refused(planned: Planner) -> None:
    matrix = [{"classifiers": ["cnn2"], "strategies": ["plain"], "datasets": ["digit"]}]

    with pytest.raises(UnknownName, match="did you mean 'digits'"):
        planned(matrix=matrix)
