"""How well an estimator reads a blur's width off an image, in pixels of sigma."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isclose
from typing import Any, ClassVar, NamedTuple

from blurbench.matrix.axes import AxisValue, EstimationAxes
from blurbench.matrix.plan import Planner
from blurbench.matrix.suite import EstimationSuite, Suite
from blurbench.matrix.tasks import Evaluate
from blurbench.measurements.blur_estimation.plan import EstimationPlanner
from blurbench.measurements.blur_estimation.result import EstimationResult
from blurbench.measurements.measurement import Axis, Bench, Installation, Measurement, Recorded
from blurbench.measurements.schema import MeasureName
from blurbench.registry import Registry

__all__ = ["BlurEstimation", "EstimationResult"]


class Truth(NamedTuple):
    """What the true map and the pictures alone decide."""

    mean_answer_mse: float
    flat_share: float


class BlurEstimation(Measurement[EstimationResult]):
    """Squared errors of sigma, picture by picture."""

    name: ClassVar[MeasureName] = "blur-estimation"
    axes = (
        Axis("estimator", "estimators"),
        Axis("fitted_on", "datasets", is_optional=True),
        Axis("dataset", "datasets"),
        Axis("test_blur", "blurs"),
    )
    shown_axes = ("dataset", "test_blur", "estimator", "fitted_on", "split")
    truth_axes = ("dataset", "test_blur")
    result = EstimationResult

    def plan(
        self,
        planner: Planner,
        suite: Suite,
        only: Mapping[str, Iterable[str]],
        seeds: Sequence[int],
        machine: Mapping[str, Any],
    ) -> None:
        assert isinstance(suite, EstimationSuite)
        EstimationPlanner(planner, suite, EstimationAxes.of(planner.registry, suite, only)).add_all(seeds)

    def test_blurs(self, registry: Registry, suite: Suite, only: Mapping[str, Iterable[str]]) -> tuple[AxisValue, ...]:
        assert isinstance(suite, EstimationSuite)
        return EstimationAxes.of(registry, suite, only).test_blurs

    def settings(self, registry: Registry, suite: Suite) -> dict[str, Any]:
        assert isinstance(suite, EstimationSuite)
        return {"stride": suite.stride, "smoothing": suite.smoothing}

    def measure(self, task: Evaluate, bench: Bench) -> EstimationResult:
        from blurbench.measurements.blur_estimation.measure import measure  # torch

        return measure(task, bench)

    def suite_of(self, record: Recorded) -> EstimationSuite:
        configs = {axis: value.config for axis, value in record.axes.items()}
        return EstimationSuite(
            measure="blur-estimation",
            name="recalled",
            version=1,
            title="",
            test_seed=record.test_seed,
            datasets=[configs["dataset"]],
            test_blurs=[configs["test_blur"]],
            estimators=[configs["estimator"]],
            fitted_on=[configs.get("fitted_on", configs["dataset"])],
            splits=[record.settings.get("split", "picture")],
            stride=record.settings["stride"],
            smoothing=record.settings["smoothing"],
            budgets={},
        )

    def label_values(self, registry: Registry, suite: Suite) -> Iterator[tuple[str, Iterable[AxisValue]]]:
        assert isinstance(suite, EstimationSuite)
        axes = EstimationAxes.of(registry, suite)
        yield "dataset", axes.datasets
        yield "test_blur", axes.test_blurs
        yield "estimator", axes.estimators
        yield "fitted_on", axes.fitted_on

    def sanity_check(self, result: EstimationResult, record: Recorded) -> None:
        from blurbench.measurements.blur_estimation.sanity import sanity_check

        sanity_check(result, record)

    def check(self, result: EstimationResult, record: Recorded, installation: Installation) -> None:
        from blurbench.measurements.blur_estimation.check import check

        check(result, record, installation)

    def truth(self, result: EstimationResult) -> Truth:
        return Truth(result.measured.mean_answer_mse, result.measured.flat_share)

    def sampling(self, result: EstimationResult) -> list[int]:
        return [result.measured.pictures, result.measured.readings, result.measured.stride]

    def same_truth(self, first: Truth, second: Truth) -> bool:
        same_map = isclose(first.mean_answer_mse, second.mean_answer_mse, rel_tol=1e-2, abs_tol=1e-6)
        return same_map and isclose(first.flat_share, second.flat_share, abs_tol=0.02)
