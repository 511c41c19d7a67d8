"""Suites of estimators: what is planned, what is shared, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from blurbench.suites.estimation import EstimationPlan, EstimationSuite, find_estimation, plan_estimation
from blurbench.suites.plan import Data

from blurbench.contract import Dataset, Shape
from blurbench.errors import Unavailable, UnknownName, UsageError
from blurbench.registry import Registry

SUITE = """
kind = "estimation"
name = "tiny"
version = 1
title = "Tiny"
estimators = ["constant", "cnn-sigma[classes=10, network=conv4-fc2]"]
fitted_on = ["pictures"]
splits = ["picture", "patch"]
tested_on = ["pictures", "pictures[content=text]"]
blurs = ["ramp", "gaussian[sigma=1|2]"]
[labels]
ramp = "varying-gaussian"
[budgets.quick]
epochs = 1
[budgets.long]
epochs = 9
stride = 1
blurs = ["ramp"]
[budgets.long.labels]
ramp = "varying-gaussian[low=0.3]"
"""


def suite(folder: Path, registry: Registry, text: str = SUITE) -> EstimationSuite:
    path = folder / "tiny.toml"
    path.write_text(text)
    found = find_estimation(registry, str(path))
    assert found is not None
    return found


def described(dataset: Dataset) -> Data:
    return Data(repr(dataset), repr(dataset), Shape(1, 128, 128), 3, 10)


def plan(registry: Registry, found: EstimationSuite, budget: str = "quick", **only: tuple[str, ...]) -> EstimationPlan:
    return plan_estimation(registry, found.under(budget), found.budget(budget), range(1), described, only)


def test_axes_are_multiplied_and_fits_are_shared(registry: Registry, tmp_path: Path) -> None:
    planned = plan(registry, suite(tmp_path, registry))
    assert len(planned.cells) == 2 * 3 * (1 + 2)
    fits = [task for task in planned.tasks.values() if task.kind == "estimator"]
    assert sorted(task.job["split"] for task in fits) == ["patch", "picture"]
    assert {cell.split for cell in planned.cells if cell.estimator == "constant"} == {""}
    for cell in planned.cells:
        assert set(planned.tasks[cell.key].needs) <= {task.key for task in fits}


def test_how_a_network_is_read_shares_its_fit(registry: Registry, tmp_path: Path) -> None:
    text = SUITE.replace('"constant"', '"cnn-sigma[classes=10, network=conv4-fc2, reading=mean]"')
    planned = plan(registry, suite(tmp_path, registry, text))
    assert sum(task.kind == "estimator" for task in planned.tasks.values()) == 2


def test_a_budget_replaces_axes_labels_and_the_stride(registry: Registry, tmp_path: Path) -> None:
    found = suite(tmp_path, registry)
    assert (found.under("quick").stride, found.under("long").stride) == (4, 1)
    assert found.budget("long").epochs == 9
    assert {cell.blur for cell in plan(registry, found, "long").cells} == {"ramp"}
    assert plan(registry, found, "long").cells[0].parts["blur"]["spec"]["low"] == 0.3


def test_only_what_was_chosen_is_planned(registry: Registry, tmp_path: Path) -> None:
    found = suite(tmp_path, registry)
    chosen = plan(registry, found, dataset=("pictures[content=text]",), test_blur=("ramp",), estimator=("constant",))
    assert [(cell.tested_on, cell.blur) for cell in chosen.cells] == [("pictures[content=text]", "ramp")]
    with pytest.raises(UnknownName, match="unknown test blur in this suite: 'rampe'; did you mean 'ramp'"):
        plan(registry, found, test_blur=("rampe",))


def test_an_estimator_of_ones_own_is_measured_as_the_suites_are(registry: Registry, tmp_path: Path) -> None:
    found = suite(tmp_path, registry)
    chosen = plan(registry, found, dataset=("pictures[content=text]",), estimator=("spectral", "cnn-sigma[classes=15]"))
    assert [
        (cell.estimator, cell.fitted_on, cell.split, cell.blur) for cell in chosen.cells if cell.blur == "ramp"
    ] == [
        ("cnn-sigma[classes=15]", "pictures", "picture", "ramp"),
        ("cnn-sigma[classes=15]", "pictures", "patch", "ramp"),
        ("spectral", "", "", "ramp"),
    ]
    with pytest.raises(UnknownName, match="unknown estimator: 'spectrol'; did you mean 'spectral'"):
        plan(registry, found, estimator=("spectrol",))


def test_pictures_that_cannot_be_had_are_skipped_rows_and_the_rest_goes_on(registry: Registry, tmp_path: Path) -> None:
    def lacking(dataset: Dataset) -> Data:
        if getattr(dataset, "content", "") == "text":
            raise Unavailable("no text here")
        return described(dataset)

    found = suite(tmp_path, registry)
    planned = plan_estimation(registry, found.under("quick"), found.budget("quick"), range(1), lacking)
    assert {cell.skip for cell in planned.cells if cell.tested_on == "pictures[content=text]"} == {"no text here"}
    assert {cell.skip for cell in planned.cells if cell.tested_on == "pictures"} == {""}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("blurs = [", "blur = ["), "unknown key in suite file tiny.toml: 'blur'; did you mean 'blurs'?"),
        (('"picture", "patch"', '"pixel"'), "splits.0: input should be 'picture' or 'patch'"),
        (("stride = 1", "stride = 0"), "stride: input should be greater than or equal to 1"),
        (("epochs = 1", "epoch = 1"), "'epoch'; did you mean 'epochs'?"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(
    registry: Registry, tmp_path: Path, wrong: tuple[str, str], message: str
) -> None:
    with pytest.raises(UsageError) as error:
        suite(tmp_path, registry, SUITE.replace(*wrong))
    assert message in str(error.value)


def test_a_suite_of_classifiers_is_none_of_estimators(registry: Registry) -> None:
    assert find_estimation(registry, "smoke") is None
    assert find_estimation(registry, "no-such-suite") is None


def test_the_shipped_suite_is_valid_under_every_budget(registry: Registry) -> None:
    found = find_estimation(registry, "kernel-estimation")
    assert found is not None
    for budget in found.budgets:
        assert plan(registry, found, budget).cells
