"""The matrix multiplied out: what is shared, what changes a key and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from blurbench_strategies.retrain import Retrain

from blurbench.contract import Budget, Dataset, PredictorNeed, Setting, Shape
from blurbench.errors import UsageError
from blurbench.matrix import plan as plans
from blurbench.matrix.cell import Data
from blurbench.matrix.tasks import Evaluate, FitPredictor, TimePipeline
from blurbench.registry import Registry
from tests.matrix.conftest import Planner, keys, tasks


def test_a_strategy_that_never_looks_at_the_training_blur_is_fitted_once(planned: Planner) -> None:
    plan = planned()
    # plain once; retrain and first-n for each of two training blurs; two test blurs each.
    assert len(tasks(plan, FitPredictor)) == 1 + 2 + 2
    assert len(plan.cells) == len(keys(plan)) == 10


def test_first_n_waits_for_the_plain_predictor_of_its_row(planned: Planner) -> None:
    plan = planned()
    plain = next(cell for cell in plan.cells if cell.labels["strategy"] == "plain")
    fitted = plan.tasks[plain.key].needs[0]
    first_n = [
        task
        for task in plan.tasks.values()
        if isinstance(task, FitPredictor) and task.title.startswith("digits: first-n")
    ]
    assert first_n
    assert all(task.needs == (fitted,) for task in first_n)


def test_needs_come_before_what_needs_them(planned: Planner) -> None:
    plan = planned(seeds=2)
    seen: set[str] = set()
    for task in plan.tasks.values():
        assert seen.issuperset(needed.key for needed in task.needs)
        seen.add(task.key)


def test_what_leads_to_a_cell_is_all_that_it_builds_on_and_nothing_else(planned: Planner) -> None:
    plan = planned()
    cell = next(cell for cell in plan.cells if cell.labels["strategy"] == "first-n[n=1]")
    leading = plan.leading_to([cell.key])
    kinds = [type(task).__name__ for task in leading.values()]
    assert kinds == ["FitPredictor", "FitPredictor", "Evaluate"], "the clean network, its first layers, the cell"
    assert plan.leading_to(["no such key"]) == {}


def test_a_need_is_met_for_its_own_seed_blur_and_data_where_it_names_them(registry: Registry) -> None:
    def described(dataset: Dataset) -> Data:
        name = registry.name_of(dataset)
        return Data(name, name, Shape(1, 16, 16), 10, 1000, 300)

    def plugin(kind: str, expression: str) -> Any:
        return registry.resolve(kind, expression)

    planner = plans.Planner(registry, Budget("quick"), described)
    row = (plugin("datasets", "digits"), plugin("blurs", "gaussian[sigma=2]"), plugin("classifiers", "cnn3"))
    retrain = plugin("strategies", "retrain")
    setting = Setting(*row, retrain, Shape(1, 16, 16), 10, planner.budget, seed=1)

    def met(**own: Any) -> tuple[int, Any, Any, Any]:
        fit = planner.need(setting, PredictorNeed(retrain, **own))
        assert isinstance(fit, FitPredictor)
        return fit.seed, fit.dataset, fit.setting.train_blur, fit.setting.classifier

    assert met() == (1, *row)
    assert met(seed=7) == (7, *row)
    assert met(seed=0) == (0, *row)
    assert met(dataset=(other := plugin("datasets", "glyphs"))) == (1, other, *row[1:])
    assert met(train_blur=(other := plugin("blurs", "defocus[radius=3]"))) == (1, row[0], other, row[2])
    assert met(classifier=(other := plugin("classifiers", "cnn2"))) == (1, *row[:2], other)


def test_a_row_has_met_what_the_networks_that_it_is_built_on_were_fitted_to(planned: Planner) -> None:
    router = "router[estimator=spectral, blurs=[gaussian[sigma=1], gaussian[sigma=2]]]"
    plan = planned(matrix=[{"classifiers": ["cnn3"], "strategies": ["plain", router]}])
    tested = (plan.tasks[cell.key] for cell in plan.cells if cell.labels["strategy"] == router)
    assert [task.facts["exposure"] for task in tested if isinstance(task, Evaluate)] == ["clean", "seen"]


def test_a_plugin_that_cannot_be_asked_is_a_row_with_the_reason_and_the_others_go_on(
    planned: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Retrain, setting: Setting) -> dict[str, Any]:
        raise ZeroDivisionError("of its own")

    monkeypatch.setattr(Retrain, "needs", broken)
    reasons = {cell.labels["strategy"]: cell.skip for cell in planned().cells}
    assert reasons["retrain"] == "it cannot be planned: ZeroDivisionError: of its own"
    assert reasons["plain"] == ""


def test_planning_again_gives_the_same_keys(planned: Planner) -> None:
    assert keys(planned()) == keys(planned())


def test_names_labels_and_versions_are_not_part_of_a_key(planned: Planner) -> None:
    renamed = planned(
        name="other", version=7, title="Other", labels={"soft": "gaussian[sigma=2]"}, test_blurs=["none", "soft"]
    )
    assert keys(renamed) == keys(planned())


@pytest.mark.parametrize(
    "change",
    [
        {"fingerprint": "other"},
        {"changes": {"train_images": 50}},
        {"changes": {"epochs": 7}},
        {"test_seed": 1},
        {"budgets": {"quick": {"train_images": 100, "recipes": "paper"}}},
    ],
)
def test_whatever_can_change_a_result_changes_every_key(planned: Planner, change: dict[str, Any]) -> None:
    assert keys(planned(**change)).isdisjoint(keys(planned()))


def test_fewer_test_images_measure_anew_but_fit_nothing_anew(planned: Planner) -> None:
    fewer, all_images = planned(changes={"test_images": 10}), planned()
    assert keys(fewer).isdisjoint(keys(all_images))
    assert tasks(fewer, FitPredictor) == tasks(all_images, FitPredictor)


def test_another_seed_adds_cells_and_keeps_those_that_were(planned: Planner) -> None:
    assert keys(planned(seeds=1)) < keys(planned(seeds=3))
    assert len(keys(planned(seeds=3))) == 3 * len(keys(planned(seeds=1)))


def test_what_cannot_be_had_is_a_cell_with_the_reason_and_no_task(planned: Planner) -> None:
    plan = planned(datasets=["mnist", "digits"])
    skipped = [cell for cell in plan.cells if cell.skip]
    assert {cell.labels["dataset"] for cell in skipped} == {"mnist"}
    assert skipped[0].skip == "no files of mnist; put them into --data-dir"
    assert keys(planned()) == {cell.key for cell in plan.cells if not cell.skip}
    assert not {cell.key for cell in skipped} & plan.tasks.keys()


def test_a_restorer_of_another_number_of_channels_is_a_skipped_row(planned: Planner) -> None:
    strategy = "deblur-then-classify[restorer=unet[kernel=3], fitted_on=photo-crops]"
    plan = planned(matrix=[{"classifiers": ["cnn3"], "strategies": ["plain", strategy]}])
    reasons = {cell.skip for cell in plan.cells if cell.labels["strategy"] == strategy}
    assert reasons == {"a restorer fitted on photo-crops (3 channels) cannot restore digits (1)"}


def test_a_restorer_that_may_have_met_the_test_images_is_a_skipped_row(planned: Planner) -> None:
    strategy = "deblur-then-classify[restorer=unet[kernel=3], fitted_on=emnist-balanced]"
    matrix = [{"classifiers": ["cnn3"], "strategies": ["plain", strategy]}]
    plan = planned(matrix=matrix, datasets=["mnist-5k", "emnist-balanced"])
    reasons = {cell.labels["dataset"]: cell.skip for cell in plan.cells if cell.labels["strategy"] == strategy}
    assert reasons["mnist-5k"] == (
        "a restorer fitted on emnist-balanced may have seen test images of mnist-5k (both hold nist)"
    )
    assert reasons["emnist-balanced"] == "", "its own training part is fair"


def test_two_values_of_one_label_are_refused(planned: Planner) -> None:
    with pytest.raises(UsageError, match="two values of test_blur are called 'none'"):
        planned(test_blurs=["none", "none"])


def test_a_parameter_written_out_or_left_at_its_default_gives_the_same_key(planned: Planner) -> None:
    written = "blur-augment[share=0.5, coin=index]"
    matrix = [{"classifiers": ["cnn3"], "strategies": ["plain", "blur-augment"]}]
    other = [{"classifiers": ["cnn3[widths=[32, 64, 128]]"], "strategies": ["plain", written]}]
    assert keys(planned(matrix=matrix)) == keys(planned(matrix=other))


def test_rows_that_run_the_same_networks_share_a_timing(planned: Planner) -> None:
    assert len(tasks(planned(), TimePipeline)) == 1


def test_a_cell_says_what_its_remedy_knows_and_has_seen(planned: Planner) -> None:
    plan = planned()
    facts = {}
    for cell in plan.cells:
        task = plan.tasks[cell.key]
        assert isinstance(task, Evaluate)
        facts[cell.labels["strategy"], cell.labels["train_blur"], cell.labels["test_blur"]] = task.facts
    assert facts["plain", "", "gaussian[sigma=2]"]["knows"] == "nothing"
    assert facts["plain", "", "gaussian[sigma=2]"]["exposure"] == "unseen family"
    assert facts["retrain", "gaussian[sigma=2]", "gaussian[sigma=2]"]["exposure"] == "seen"
    assert facts["retrain", "gaussian[sigma=3]", "gaussian[sigma=2]"]["exposure"] == "unseen severity"
    assert facts["retrain", "gaussian[sigma=3]", "none"]["exposure"] == "clean"


def test_the_sharp_test_images_are_called_none_whatever_a_suite_calls_them(planned: Planner) -> None:
    labels = {"sharp": "none", "soft": "gaussian[sigma=2]"}
    plan = planned(labels=labels, test_blurs=["sharp", "soft"])
    assert {cell.labels["test_blur"] for cell in plan.cells} == {"none", "soft"}
    assert keys(plan) == keys(planned())


def test_more_cells_than_a_plan_may_have_are_refused_at_once(planned: Planner) -> None:
    blurs = ["none", *(f"gaussian[sigma={1 + number / 100}]" for number in range(900))]
    with pytest.raises(UsageError, match=r"suite tiny: 225,250 cells; the most that are planned at once are 100,000"):
        planned(seeds=50, test_blurs=blurs)
