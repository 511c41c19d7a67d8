"""Suites of estimators: what is planned, what is shared, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from blurbench.contract import Dataset, Shape
from blurbench.errors import Unavailable, UnknownName, UsageError
from blurbench.matrix.cell import Cell, Data
from blurbench.matrix.plan import Plan
from blurbench.matrix.suite import AccuracySuite, EstimationSuite, find
from blurbench.matrix.tasks import FitEstimator
from blurbench.registry import Registry
from tests.builders import plan_of

SUITE = """
measure = "blur-estimation"
name = "tiny"
version = 1
title = "Tiny"
estimators = ["constant", "cnn-sigma[classes=10, network=conv4-fc2]"]
fitted_on = ["pictures"]
splits = ["picture", "patch"]
datasets = ["pictures", "pictures[content=text]"]
test_blurs = ["ramp", "gaussian[sigma=1|2]"]
[labels]
ramp = "varying-gaussian"
[budgets.quick]
epochs = 1
[budgets.long]
epochs = 9
stride = 1
test_blurs = ["ramp"]
[budgets.long.labels]
ramp = "varying-gaussian[low=0.3]"
"""


def suite(folder: Path, registry: Registry, text: str = SUITE) -> EstimationSuite:
    path = folder / "tiny.toml"
    path.write_text(text)
    found = find(registry, str(path))
    assert isinstance(found, EstimationSuite)
    return found


def described(dataset: Dataset) -> Data:
    return Data(repr(dataset), repr(dataset), Shape(1, 128, 128), 3, 10, 10)


def plan(registry: Registry, found: EstimationSuite, budget: str = "quick", **only: tuple[str, ...]) -> Plan:
    return plan_of(registry, found, described, budget, only=only)


def fits(planned: Plan) -> list[FitEstimator]:
    return [task for task in planned.tasks.values() if isinstance(task, FitEstimator)]


def place(cell: Cell, *axes: str) -> tuple[str, ...]:
    return tuple(cell.labels[axis] for axis in axes)


def test_axes_are_multiplied_and_fits_are_shared(registry: Registry, tmp_path: Path) -> None:
    planned = plan(registry, suite(tmp_path, registry))
    assert len(planned.cells) == 2 * 3 * (1 + 2)
    assert sorted(fit.split for fit in fits(planned)) == ["patch", "picture"]
    assert {cell.labels["split"] for cell in planned.cells if cell.labels["estimator"] == "constant"} == {""}
    for cell in planned.cells:
        assert set(planned.tasks[cell.key].needs) <= set(fits(planned))


def test_how_a_network_is_read_shares_its_fit(registry: Registry, tmp_path: Path) -> None:
    text = SUITE.replace('"constant"', '"cnn-sigma[classes=10, network=conv4-fc2, reading=mean]"')
    planned = plan(registry, suite(tmp_path, registry, text))
    assert len(fits(planned)) == 2


def test_a_budget_replaces_axes_labels_and_the_stride(registry: Registry, tmp_path: Path) -> None:
    found = suite(tmp_path, registry)
    assert (found.under("quick").stride, found.under("long").stride) == (4, 1)
    assert found.budget("long").epochs == 9
    assert {cell.labels["test_blur"] for cell in plan(registry, found, "long").cells} == {"ramp"}
    assert plan(registry, found, "long").cells[0].identity["axes"]["test_blur"]["config"]["low"] == 0.3


def test_only_what_was_chosen_is_planned(registry: Registry, tmp_path: Path) -> None:
    found = suite(tmp_path, registry)
    chosen = plan(registry, found, dataset=("pictures[content=text]",), test_blur=("ramp",), estimator=("constant",))
    assert [place(cell, "dataset", "test_blur") for cell in chosen.cells] == [("pictures[content=text]", "ramp")]
    with pytest.raises(UnknownName, match="unknown test blur in this suite: 'rampe'; did you mean 'ramp'"):
        plan(registry, found, test_blur=("rampe",))


def test_an_estimator_of_ones_own_is_measured_as_the_suites_are(registry: Registry, tmp_path: Path) -> None:
    found = suite(tmp_path, registry)
    chosen = plan(registry, found, dataset=("pictures[content=text]",), estimator=("spectral", "cnn-sigma[classes=15]"))
    rows = [place(cell, "estimator", "fitted_on", "split", "test_blur") for cell in chosen.cells]
    assert [row for row in rows if row[-1] == "ramp"] == [
        ("spectral", "", "", "ramp"),
        ("cnn-sigma[classes=15]", "pictures", "picture", "ramp"),
        ("cnn-sigma[classes=15]", "pictures", "patch", "ramp"),
    ]
    with pytest.raises(UnknownName, match="unknown estimator in this suite: 'spectrol'; did you mean 'spectral'"):
        plan(registry, found, estimator=("spectrol",))


def test_a_way_to_split_is_chosen_as_the_axes_are_and_one_that_the_suite_lacks_is_added(
    registry: Registry, tmp_path: Path
) -> None:
    found = suite(tmp_path, registry)
    fitted = {place(cell, "split") for cell in plan(registry, found, split=("patch",)).cells}
    assert fitted == {("patch",), ("",)}  # some are not fitted, and split nothing
    by_picture = found.model_copy(update={"splits": ["picture"]})
    keys = [{cell.key for cell in plan(registry, one, split=("patch",)).cells} for one in (found, by_picture)]
    assert keys[0] == keys[1]
    with pytest.raises(UnknownName, match="unknown way to split: 'patches'; did you mean 'patch'"):
        plan(registry, found, split=("patches",))


def test_pictures_that_cannot_be_had_are_skipped_rows_and_the_rest_goes_on(registry: Registry, tmp_path: Path) -> None:
    def lacking(dataset: Dataset) -> Data:
        if getattr(dataset, "content", "") == "text":
            raise Unavailable("no text here")
        return described(dataset)

    found = suite(tmp_path, registry)
    cells = plan_of(registry, found, lacking).cells
    assert {cell.skip for cell in cells if cell.labels["dataset"] == "pictures[content=text]"} == {"no text here"}
    assert {cell.skip for cell in cells if cell.labels["dataset"] == "pictures"} == {""}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            ("test_blurs = [", "test_blur = ["),
            "unknown key in suite file tiny.toml: 'test_blur'; did you mean 'test_blurs'?",
        ),
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


def test_what_a_suite_measures_says_its_kind(registry: Registry, tmp_path: Path) -> None:
    assert isinstance(find(registry, "smoke"), AccuracySuite)
    with pytest.raises(
        UnknownName, match=r"unknown measure in suite file tiny\.toml: 'blur-estimatoin'; did you mean 'blur-est"
    ):
        suite(tmp_path, registry, SUITE.replace("blur-estimation", "blur-estimatoin"))


def test_the_shipped_suite_is_valid_under_every_budget(registry: Registry) -> None:
    found = find(registry, "kernel-estimation")
    assert isinstance(found, EstimationSuite)
    for budget in found.budgets:
        assert plan(registry, found, budget).cells
