"""A record leads back to the work that it is of, and a changed one to none."""

from __future__ import annotations

from typing import Any

import pytest

from blurbench.contract import Budget, Dataset, Shape
from blurbench.errors import RecordError
from blurbench.registry import Registry
from blurbench.results.estimation import Estimation, Sampling
from blurbench.results.recall import recall, recall_estimation, suite_samplings
from blurbench.results.record import Record
from blurbench.suites.axes import Axes
from blurbench.suites.estimation import EstimationSuite, plan_estimation
from blurbench.suites.plan import Data, make_plan
from blurbench.suites.suite import Suite


def described(dataset: Dataset) -> Data:
    return Data(repr(dataset), repr(dataset), Shape(1, 128, 128), 3, 10)


BUDGET = Budget(name="quick", epochs=2)


@pytest.mark.parametrize("asked", [{}, {"analyses": ["feature-gradients"]}, {"test_seed": 3}])
def test_a_record_of_a_classifier_is_recalled_whatever_its_suite_asked_for(
    registry: Registry, asked: dict[str, Any]
) -> None:
    content = {
        "name": "tiny",
        "version": 1,
        "title": "",
        "datasets": ["digits"],
        "train_blurs": ["gaussian[sigma=2]"],
        "test_blurs": ["gaussian[sigma=2]"],
        "matrix": [{"classifiers": ["cnn3"], "strategies": ["plain"]}],
        "budgets": {},
    }
    suite = Suite.model_validate({**content, **asked})
    (cell,) = make_plan(registry, suite, Axes.of(registry, suite), BUDGET, [1], described, {}).cells
    record = Record(key=cell.key, status="failed", reason="no luck", **cell.parts)
    assert recall(registry, record, described, [0, 3])[1].key == cell.key
    changed = record.model_copy(update={"seed": 2})
    with pytest.raises(RecordError, match="its key does not follow from what it says of itself"):
        recall(registry, changed, described, [0, 3])


def estimations(registry: Registry, **asked: Any) -> list[Estimation]:
    """One of an estimator that is fitted, one of another that is not."""
    content = {
        "kind": "estimation",
        "name": "tiny",
        "version": 1,
        "title": "",
        "estimators": ["cnn-sigma[classes=10]", "spectral"],
        "fitted_on": ["pictures[content=photographs]"],
        "tested_on": ["pictures[content=text]"],
        "blurs": ["gaussian[sigma=2]"],
        "splits": ["patch"],
        "budgets": {},
    }
    suite = EstimationSuite.model_validate({**content, **asked})
    cells = plan_estimation(registry, suite, BUDGET, [0], described).cells
    assert [cell.skip for cell in cells] == ["", ""]
    return [Estimation(key=cell.key, status="failed", reason="no luck", **cell.parts) for cell in cells]


def test_a_record_of_an_estimator_is_recalled_by_the_sampling_that_it_says(registry: Registry) -> None:
    sampling = Sampling(stride=7, smoothing=21, test_seed=5)
    for record in estimations(registry, **sampling.model_dump()):
        stated = record.model_copy(update={"sampling": sampling})
        assert recall_estimation(registry, stated, described, []).key == record.key
        other = record.model_copy(update={"sampling": Sampling(stride=8, smoothing=21, test_seed=5)})
        with pytest.raises(RecordError, match="its key does not follow"):
            recall_estimation(registry, other, described, [sampling])


def test_a_record_of_an_estimator_that_says_none_is_recalled_by_those_of_the_suites(registry: Registry) -> None:
    samplings = suite_samplings(registry)
    assert Sampling(stride=4, smoothing=31) in samplings
    for record in estimations(registry, stride=2):
        assert recall_estimation(registry, record, described, samplings).key == record.key


def test_what_a_fit_was_given_is_part_of_the_key(registry: Registry) -> None:
    sampling = Sampling(stride=4, smoothing=31)
    fitted, free = (record.model_copy(update={"sampling": sampling}) for record in estimations(registry))
    for change in ({"split": "picture"}, {"seed": 3}, {"fitted_on": fitted.tested_on}):
        with pytest.raises(RecordError, match="its key does not follow"):
            recall_estimation(registry, fitted.model_copy(update=change), described, [])
    assert recall_estimation(registry, free, described, []).needs == ()
