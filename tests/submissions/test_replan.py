"""A record leads back to the work that it is of, and a changed one to none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from blurbench_datasets.imagefolder import ImageFolder

from blurbench.contract import Budget, Dataset, Plugin, Shape
from blurbench.errors import BlurbenchError, RecordError, Unavailable
from blurbench.matrix.cell import Data
from blurbench.matrix.suite import AccuracySuite, EstimationSuite, Suite
from blurbench.registry import Registry
from blurbench.store.record import Record
from blurbench.submissions.replan import check_places, replan
from tests.builders import plan_of

ACCURACY: dict[str, Any] = {
    "name": "tiny",
    "version": 1,
    "title": "",
    "datasets": ["digits"],
    "train_blurs": ["gaussian[sigma=2]"],
    "test_blurs": ["gaussian[sigma=2]"],
    "matrix": [{"classifiers": ["cnn3"], "strategies": ["plain"]}],
    "budgets": {"quick": {"epochs": 2}},
}
ESTIMATION: dict[str, Any] = {
    "measure": "blur-estimation",
    "name": "tiny",
    "version": 1,
    "title": "",
    "estimators": ["cnn-sigma[classes=10]", "spectral"],
    "fitted_on": ["pictures[content=photographs]"],
    "datasets": ["pictures[content=text]"],
    "test_blurs": ["gaussian[sigma=2]"],
    "splits": ["patch"],
    "budgets": {"quick": {"epochs": 2}},
}
BUDGET = Budget(name="quick", epochs=2)


def described(dataset: Dataset) -> Data:
    return Data(repr(dataset), repr(dataset), Shape(1, 128, 128), 3, 10, 10)


def records(registry: Registry, suite: Suite) -> list[Record]:
    """One of each cell."""
    cells = plan_of(registry, suite, described).cells
    assert all(not cell.skip for cell in cells)
    return [Record(key=cell.key, status="failed", reason="no luck", **cell.identity) for cell in cells]


@pytest.mark.parametrize("asked", [{}, {"analyses": ["feature-gradients"]}, {"test_seed": 3}])
def test_a_record_of_a_classifier_leads_back_to_its_task_whatever_its_suite_asked_for(
    registry: Registry, asked: Mapping[str, Any]
) -> None:
    (record,) = records(registry, AccuracySuite.model_validate({**ACCURACY, **asked}))
    assert replan(registry, record, described)[1].key == record.key


@pytest.mark.parametrize("asked", [{}, {"stride": 7, "smoothing": 21, "test_seed": 5}])
def test_a_record_of_an_estimator_leads_back_to_its_task(registry: Registry, asked: Mapping[str, Any]) -> None:
    fitted, free = records(registry, EstimationSuite.model_validate({**ESTIMATION, **asked}))
    assert replan(registry, fitted, described)[1].needs
    assert replan(registry, free, described)[1].needs == ()


@pytest.mark.parametrize(
    "change", [{"seed": 3}, {"test_seed": 4}, {"settings": {"stride": 5, "smoothing": 31, "split": "patch"}}]
)
def test_a_record_that_says_otherwise_leads_to_nothing(registry: Registry, change: Mapping[str, Any]) -> None:
    fitted, _ = records(registry, EstimationSuite.model_validate(ESTIMATION))
    with pytest.raises(RecordError, match="its key does not follow from what it says of itself"):
        replan(registry, fitted.model_copy(update=dict(change)), described)


def test_what_it_was_fitted_on_is_part_of_the_key(registry: Registry) -> None:
    fitted, _ = records(registry, EstimationSuite.model_validate(ESTIMATION))
    axes = {**fitted.axes, "fitted_on": fitted.axes["dataset"]}
    with pytest.raises(RecordError, match="its key does not follow"):
        replan(registry, fitted.model_copy(update={"axes": axes}), described)


@pytest.mark.parametrize("settings", [{}, {"stride": 0, "smoothing": 31}, {"stride": 4, "smoothing": "wide"}])
def test_settings_that_no_suite_can_have_are_one_line(registry: Registry, settings: Mapping[str, Any]) -> None:
    _, free = records(registry, EstimationSuite.model_validate(ESTIMATION))
    with pytest.raises(RecordError, match=r"^settings: (?!.*validation error)"):
        replan(registry, free.model_copy(update={"settings": dict(settings)}), described)


@pytest.mark.parametrize(
    ("name", "value"), [("test_images", [100]), ("test_images", -5), ("epochs", {}), ("recipes", ["fast"])]
)
def test_a_budget_that_cannot_be_is_told_by_the_value_that_is_wrong(
    registry: Registry, name: str, value: object
) -> None:
    fitted, _ = records(registry, EstimationSuite.model_validate(ESTIMATION))
    with pytest.raises(BlurbenchError, match=rf"^budget: (?!.*validation error).*{name}"):
        replan(registry, fitted.model_copy(update={"budget": {**fitted.budget, name: value}}), described)


def test_data_that_are_not_here_are_told_from_cells_that_cannot_be_had(registry: Registry) -> None:
    def lacking(dataset: Dataset) -> Data:
        raise Unavailable("not here")

    (record,) = records(registry, AccuracySuite.model_validate(ACCURACY))
    with pytest.raises(Unavailable, match="not here"):
        replan(registry, record, lacking)


# --- what a stranger may name ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/etc", "~/photos", "./photos", "photos/../../etc"])
def test_a_place_that_only_the_record_names_is_not_read(path: str, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="is a place that the record names, so it is not read"):
        check_places(ImageFolder(path=path), [tmp_path])


def test_a_name_in_a_data_folder_and_a_place_that_the_reader_names_may_be_read(tmp_path: Path) -> None:
    check_places(ImageFolder(path="photos"), [])
    check_places(ImageFolder(path=str(tmp_path / "photos")), [tmp_path])


@dataclass(frozen=True)
class Around(Plugin):
    """Holds another plugin, and says of a file that it decides what it does."""

    inner: tuple[Plugin, ...] = ()
    weights: str = ""

    def files(self) -> tuple[Path, ...]:
        return (Path(self.weights),) if self.weights else ()


def test_what_is_named_inside_another_plugin_counts_too(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="/etc is a place"):
        check_places(Around((Around((ImageFolder(path="/etc"),)),)), [tmp_path])
    with pytest.raises(Unavailable, match=r"weights\.bin is a file that the record names"):
        check_places(Around((Around(weights="weights.bin"),)), [tmp_path])
