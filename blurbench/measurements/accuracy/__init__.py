"""How often a classifier is right under a test blur, with a strategy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from blurbench.matrix.axes import AccuracyAxes, AxisValue
from blurbench.matrix.plan import Planner
from blurbench.matrix.suite import AccuracySuite, Matrix, Suite
from blurbench.matrix.tasks import Evaluate
from blurbench.measurements.accuracy.plan import AccuracyPlanner, settings_of
from blurbench.measurements.accuracy.result import AccuracyResult
from blurbench.measurements.measurement import Axis, Bench, Installation, Measurement, Recorded
from blurbench.measurements.schema import MeasureName
from blurbench.registry import Registry

__all__ = ["Accuracy", "AccuracyResult"]


class Accuracy(Measurement[AccuracyResult]):
    """Top-1 and what goes with it, image by image."""

    name: ClassVar[MeasureName] = "accuracy"
    axes = (
        Axis("dataset", "datasets"),
        Axis("classifier", "classifiers"),
        Axis("strategy", "strategies"),
        Axis("train_blur", "blurs"),
        Axis("test_blur", "blurs"),
    )
    shown_axes = tuple(axis.name for axis in axes)
    result = AccuracyResult

    def plan(
        self,
        planner: Planner,
        suite: Suite,
        only: Mapping[str, Iterable[str]],
        seeds: Sequence[int],
        machine: Mapping[str, Any],
    ) -> None:
        assert isinstance(suite, AccuracySuite)
        AccuracyPlanner(planner, suite, AccuracyAxes.of(planner.registry, suite, only), machine).add_all(seeds)

    def test_blurs(self, registry: Registry, suite: Suite, only: Mapping[str, Iterable[str]]) -> tuple[AxisValue, ...]:
        assert isinstance(suite, AccuracySuite)
        return AccuracyAxes.of(registry, suite, only).test_blurs

    def settings(self, registry: Registry, suite: Suite) -> dict[str, Any]:
        assert isinstance(suite, AccuracySuite)
        return settings_of(registry, suite)

    def measure(self, task: Evaluate, bench: Bench) -> AccuracyResult:
        from blurbench.measurements.accuracy.measure import measure  # torch

        return measure(task, bench)

    def suite_of(self, record: Recorded) -> AccuracySuite:
        configs = {axis: value.config for axis, value in record.axes.items()}
        return AccuracySuite(
            name="recalled",
            version=1,
            title="",
            baseline=record.axes["strategy"].label,
            test_seed=record.test_seed,
            analyses=record.settings.get("analyses"),
            metrics=record.settings.get("metrics"),
            datasets=[configs["dataset"]],
            train_blurs=[configs["train_blur"]],
            test_blurs=[configs["test_blur"]],
            matrix=[Matrix(classifiers=[configs["classifier"]], strategies=[configs["strategy"]])],
            budgets={},
        )

    def label_values(self, registry: Registry, suite: Suite) -> Iterator[tuple[str, Iterable[AxisValue]]]:
        assert isinstance(suite, AccuracySuite)
        axes = AccuracyAxes.of(registry, suite)
        no_blur = registry.identity_blur()  # where a strategy never looks at its training blur
        yield "dataset", axes.datasets
        yield "classifier", [value for block in axes.matrix for value in block.classifiers]
        yield "strategy", [value for block in axes.matrix for value in block.strategies]
        yield "train_blur", (*axes.train_blurs, AxisValue("", no_blur, registry.name_of(no_blur)))
        yield "test_blur", axes.test_blurs

    def sanity_check(self, result: AccuracyResult, record: Recorded) -> None:
        from blurbench.measurements.accuracy.sanity import sanity_check  # numpy

        sanity_check(result)

    def check(self, result: AccuracyResult, record: Recorded, installation: Installation) -> None:
        from blurbench.measurements.accuracy.check import check

        check(result, record, installation)

    def sampling(self, result: AccuracyResult) -> bool:
        return result.photographed

    def truth(self, result: AccuracyResult) -> int:
        return hash(tuple(result.images.label))
