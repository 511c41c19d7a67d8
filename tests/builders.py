"""Boards made by hand: real records whose predictions and errors are written out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from blurbench.board.outcomes import Outcomes, outcomes_of
from blurbench.board.schema import Standings
from blurbench.board.standings import standings
from blurbench.contract import Dataset
from blurbench.matrix.axes import Only
from blurbench.matrix.cell import Data
from blurbench.matrix.plan import Plan, Planner
from blurbench.matrix.suite import AccuracySuite, Suite, find
from blurbench.measurements import MEASUREMENTS
from blurbench.measurements.accuracy.result import AccuracyResult, Cost, Images, Metrics
from blurbench.measurements.blur_estimation.result import Errors, EstimationResult, Measured
from blurbench.measurements.measurement import PluginConfig
from blurbench.papers.findings import Findings
from blurbench.registry import Registry
from blurbench.store.record import Facts, Line, Manifest, Record, Timing
from blurbench.store.store import Store

__all__ = ["Board", "PaperBoard", "accuracy_suite", "estimated", "estimator_board", "plan_of", "swept"]


def accuracy_suite(registry: Registry, name: str, budget: str) -> AccuracySuite:
    """An installed suite of classifiers under a budget."""
    suite = find(registry, name).under(budget)
    assert isinstance(suite, AccuracySuite)
    return suite


def plan_of(
    registry: Registry,
    suite: Suite,
    describe: Callable[[Dataset], Data],
    budget: str = "quick",
    *,
    seeds: int = 1,
    only: Only | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Plan:
    """The plan of a suite under a budget, its data sets described without decoding anything."""
    planner = Planner(registry, suite.budget(budget, changes), describe, suite.test_seed)
    measurement = MEASUREMENTS[suite.measure]
    measurement.plan(planner, suite.under(budget), only or {}, range(seeds), {"cores": 2})
    return planner.plan


@dataclass
class Board:
    """Collects cells; `hits` says which test images are right, as a text of 1 and 0."""

    records: dict[str, Record] = field(default_factory=dict)
    timings: dict[str, Timing] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    baseline: str = "plain"
    title: str = "Mini board"
    specs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What stands in records for a label, where that matters."""
    units: dict[str, dict[str, str]] = field(default_factory=dict)
    """Of the parameters of test blurs."""
    suite: str = "mini"
    version: int = 3
    budget: str = "quick"
    values: dict[str, Any] = field(default_factory=lambda: {"train_images": 2000, "test_images": None})
    """Of the budget."""

    def line(
        self,
        test_blur: str,
        strategy: str,
        train_blur: str = "",
        *,
        dataset: str = "dots",
        seed: int = 0,
        classifier: str = "cnn3",
    ) -> Line:
        """A cell that is on the board and has no record."""
        place = (dataset, classifier, strategy, train_blur, test_blur, seed)
        axes = MEASUREMENTS["accuracy"].shown_axes
        key = sha256(repr(place).encode()).hexdigest()[:32]
        line = Line(key=key, seed=seed, labels=dict(zip(axes, place[:-1], strict=True)))
        self.lines.append(line)
        return line

    def cell(
        self,
        test_blur: str,
        strategy: str,
        train_blur: str = "",
        *,
        hits: str,
        label: str | None = None,
        knows: str = "training blur",
        requires: Sequence[str] = ("labels",),
        exposure: str = "seen",
        fit_seconds: float = 10.0,
        images_seen: int = 1000,
        metrics: dict[str, Any] | None = None,
        truth: int = 3,
        errors: Mapping[str, Sequence[float]] | None = None,
        still_improving: bool | None = None,
        labels: Sequence[int] | None = None,
        predicted: Sequence[int] | None = None,
        confidence: Sequence[float] | None = None,
        **place: Any,
    ) -> Record:
        """A measured cell."""
        line = self.line(test_blur, strategy, train_blur, **place)
        n = len(hits)
        record = Record(
            key=line.key,
            status="ok",
            **self._identity(line, label),
            facts=Facts(knows=knows, requires=list(requires), exposure="clean" if test_blur == "none" else exposure),
            result=AccuracyResult(
                measure="accuracy",
                image_shape=[1, 20, 30],
                test_blur_units=self.units.get(test_blur, {}),
                metrics=Metrics(n=n, top1=hits.count("1") / n, calibration_error=0.05, **(metrics or {})),
                images=Images(
                    label=list(labels or [truth] * n),
                    predicted=list(predicted or [truth if hit == "1" else 9 for hit in hits]),
                    confidence=list(confidence or [0.5] * n),
                    **dict(errors or {}),
                ),
                cost=Cost(
                    fit_seconds=fit_seconds,
                    fit_images_seen=images_seen,
                    still_improving=still_improving,
                    parameters=61_700,
                    evaluate_seconds=0.1,
                    timing=_timing_key(strategy),
                ),
            ),
        )
        self.records[line.key] = record
        return record

    def failure(
        self,
        test_blur: str,
        strategy: str,
        train_blur: str = "",
        *,
        status: str,
        reason: str,
        log: str = "",
        **place: Any,
    ) -> None:
        """A cell that was not measured, with the reason."""
        line = self.line(test_blur, strategy, train_blur, **place)
        self.records[line.key] = Record(
            key=line.key, status=status, reason=reason, log=log, **self._identity(line, None)
        )

    def _identity(self, line: Line, label: str | None) -> dict[str, Any]:
        axes = {axis: self._value(name) for axis, name in line.labels.items()}
        axes["strategy"] = axes["strategy"].model_copy(update={"label": label or line["strategy"]})
        budget = self.values if self.suite != "mini" else {}
        return {"measure": "accuracy", "axes": axes, "budget": budget, "seed": line.seed}

    def _value(self, label: str) -> PluginConfig:
        return PluginConfig(name=_name(label), label=label, config=self.specs.get(label, {}))

    def timing(self, strategy: str, one: float, of_256: float) -> None:
        """Milliseconds of a strategy."""
        key = _timing_key(strategy)
        self.timings[key] = Timing(
            key=key,
            what=strategy,
            device="cpu",
            threads=1,
            rounds=30,
            batch_1_ms=one,
            batch_1_iqr_ms=0.1,
            batch_256_ms=of_256,
            batch_256_iqr_ms=0.01,
            machine="test bench",
        )

    @property
    def manifest(self) -> Manifest:
        """All cells so far."""
        return Manifest(
            measure="accuracy",
            suite=self.suite,
            suite_version=self.version,
            title=self.title,
            budget=self.budget,
            budget_values=self.values,
            content="ab" * 16,
            baseline=self.baseline,
            test_blurs=["none", "gaussian-2"],
            lines=self.lines,
            commands=[f"blurbench run {self.suite}"],
        )

    @property
    def outcomes(self) -> Outcomes:
        """What boards are made from."""
        return outcomes_of(self.manifest, self.records, self.timings)

    def standings(self, baseline_classifier: str | None = None) -> Standings:
        return standings(self.outcomes, baseline_classifier)

    def findings(self, **stand_ins: tuple[str, ...]) -> Findings:
        """What a paper's tables are filled from, without a results folder."""
        return Findings(self.manifest, self.records, stand_ins)

    def stored(self, folder: Path, name: str = "by-hand") -> tuple[Store, str]:
        """In a results folder."""
        store = Store(folder)
        store.create()
        store.records.put_board(name, self.manifest)
        for record in self.records.values():
            store.records.put(record)
        return store, name


@dataclass
class PaperBoard(Board):
    """Of a paper's suite: images have errors before and after a restorer."""

    suite: str = "restored-digits"
    budget: str = "small"
    values: dict[str, Any] = field(default_factory=lambda: {"train_images": 1500, "epochs": 6})
    seeds: int = 3
    """Every cell is measured so often, with the same answers."""
    still_improving: bool | None = False
    """What the records of the next cells say of their fits."""

    def cell(  # type: ignore[override]
        self,
        dataset: str,
        strategy: str,
        train_blur: str,
        test_blur: str,
        *,
        hits: str = "1" * 200,
        blurred: float | None = None,
        restored: Sequence[float] | None = None,
        ssim: float = 0.9,
        gradients: float | None = None,
        spec: Mapping[str, Any] | None = None,
        **place: Any,
    ) -> None:
        """A measured cell; `restored` holds an error for each image, or one for all."""
        n = len(hits)
        quality: dict[str, Any] = {}
        each: dict[str, Any] = {}
        if blurred is not None:
            quality["blurred_mse"], each["blurred_mse"] = blurred, [blurred] * n
        if restored is not None:
            errors = list(restored) * (n // len(restored))
            quality |= {"restored_mse": sum(errors) / n, "restored_psnr": 20.0, "restored_ssim": ssim}
            each |= {"restored_mse": errors, "restored_ssim": [ssim] * n}
        if gradients is not None:
            quality["observations"] = {"feature_gradients": gradients}
            each["feature_gradients"] = [0.9 * gradients, 1.1 * gradients] * (n // 2)
        self.specs[strategy] = dict(spec or {})
        given = {"hits": hits, "metrics": quality, "errors": each, "still_improving": self.still_improving}
        for seed in range(self.seeds):
            super().cell(test_blur, strategy, train_blur, **given, **{"dataset": dataset, "seed": seed, **place})

    def skipped(self, dataset: str, strategy: str, train_blur: str, test_blur: str, reason: str) -> None:
        """A cell that cannot be had."""
        self.failure(test_blur, strategy, train_blur, status="skipped", reason=reason, dataset=dataset)


def _name(label: str) -> str:
    return label.partition("[")[0]


def _timing_key(strategy: str) -> str:
    return sha256(strategy.encode()).hexdigest()[:32]


def swept(board: Board) -> Board:
    """plain, retrain fitted at sigma 2, and an oracle, on 100 images of 20 x 30 pixels: no blur, and three sigmas."""
    for sigma in (1, 2, 4):
        board.specs[f"gaussian-{sigma}"] = {"name": "gaussian", "revision": 1, "sigma": float(sigma), "size": None}
        board.units[f"gaussian-{sigma}"] = {"sigma": "pixels"}
    for test_blur, plain, retrain in (
        ("none", 90, 85),
        ("gaussian-4", 20, 55),
        ("gaussian-1", 80, 85),
        ("gaussian-2", 50, 80),
    ):
        exposure = "seen" if test_blur == "gaussian-2" else "unseen severity"
        board.cell(test_blur, "plain", hits="1" * plain + "0" * (100 - plain), exposure="unseen family")
        board.cell(test_blur, "retrain", "gaussian-2", hits="1" * retrain + "0" * (100 - retrain), exposure=exposure)
        board.cell(test_blur, "wiener", hits="1" * 90 + "0" * 10, knows="true PSF")
    return board


# --- estimators ----------------------------------------------------------------------------------------------------


def estimated(
    line: Line,
    raw: Sequence[float],
    smoothed: Sequence[float] | None = None,
    fit: Mapping[str, Any] | None = None,
    **measured: Any,
) -> Record:
    """The record of a line of a board of estimators: the mean squared error of each picture, before and after
    smoothing."""
    value = PluginConfig(name="x", label=line["estimator"], config={})
    facts: dict[str, Any] = {"readings": 100 * len(raw), "stride": 4, "oracle_mse": 0.0, "mean_answer_mse": 0.7}
    facts |= {"flat_share": 0.0, "textured_mse": sum(raw) / len(raw), "smoothing": 7, **measured}
    return Record(
        key=line.key,
        measure="blur-estimation",
        status="ok",
        axes=dict.fromkeys(("estimator", "dataset", "test_blur"), value),
        budget={},
        seed=line.seed,
        result=EstimationResult(
            measure="blur-estimation",
            measured=Measured(pictures=len(raw), raw=_errors(raw), smoothed=_errors(smoothed or raw), **facts),
            fit=dict(fit or {}),
            parameters=0,
            seconds=1.0,
        ),
    )


def _errors(per_picture: Sequence[float]) -> Errors:
    mse = sum(per_picture) / len(per_picture)
    return Errors(mse=mse, rmse=mse**0.5, bias=0.0, per_picture=list(per_picture))


def estimator_board(lines: Sequence[Line], **heading: Any) -> Manifest:
    """A board of estimators."""
    content: dict[str, Any] = {"suite": "s", "suite_version": 1, "title": "T", "budget": "quick", "budget_values": {}}
    blurs = list(dict.fromkeys(line["test_blur"] for line in lines))
    return Manifest(
        measure="blur-estimation", content="ab" * 16, test_blurs=blurs, lines=list(lines), **{**content, **heading}
    )
