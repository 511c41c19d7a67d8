"""The one reader of records and manifests: what was measured on a board, as plain values, arrays and a tidy frame."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from blurbench.board.schema import CLEAN, BlockKey, Meaning, Missing, RowKey
from blurbench.contract import Control, Estimator, Strategy
from blurbench.errors import RecordError, counted
from blurbench.matrix.exposure import Exposure
from blurbench.measurements.blur_estimation.result import EstimationResult
from blurbench.metrics.answers import accuracy_by_class, churn, selective_accuracy
from blurbench.registry import label
from blurbench.registry.discovery import discover
from blurbench.store.label_consistency import without_inconsistent
from blurbench.store.record import Line, Manifest, Record, Timing
from blurbench.store.store import Store

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BlurFacts",
    "Cell",
    "Estimate",
    "Estimates",
    "Outcomes",
    "RowOutcomes",
    "estimates_of",
    "outcomes_of",
    "restored_samples",
    "stored_estimates",
    "stored_outcomes",
]


@dataclass(frozen=True)
class Heading:
    """What a board is of."""

    title: str
    suite: str
    suite_version: int
    budget: str
    budget_values: Mapping[str, Any]
    baseline: str
    """The name of the strategy that gains are measured against."""
    commands: tuple[str, ...]
    test_blurs: tuple[str, ...]
    """In the suite's order, `none` first."""
    unchecked: int = 0
    """Cells that were merged from others where their data were not at hand to check them against."""


@dataclass(frozen=True, eq=False)
class Cell:
    """One seed of a row in a block."""

    key: str
    """Of its record."""
    truth: tuple[int, ...]
    """The labels of the test images."""
    correct: NDArray[np.bool_]
    """Which test images were right: (images,)."""
    predicted: NDArray[np.integer]
    confidence: NDArray[np.float64]
    """The label that each image was given, and its softmax confidence: (images,)."""
    still_improving: bool | None
    """Whether a fit of it was; None where its record does not say."""
    metrics: Mapping[str, float | None]
    observations: Mapping[str, float]
    own: Mapping[str, NDArray[np.float64]]
    """What metrics of plugins say of each image, NaN where nothing: (images,) by the label of the metric."""
    own_means: Mapping[str, float | None]
    """Over the images of which they say something."""
    cost: Mapping[str, float | None]
    timing: Mapping[str, float | None]
    """Milliseconds and memory at prediction; empty where they were not measured."""
    timed_on: str = ""
    artifact: str | None = None
    """The key of what was fitted for it."""


@dataclass(frozen=True)
class RowFacts:
    """What holds for a row whatever its seed."""

    knows: str
    requires: tuple[str, ...]
    exposure: Exposure
    control: Control
    train_blur: Mapping[str, Any]
    """The config of the training blur."""
    image_shape: tuple[int, ...]
    """Of the test images: channels, rows, columns; empty where it was not stored."""
    told_sigma: float | None
    """The one sigma that it deconvolves with whatever it sees."""
    own_limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Between what the metrics of plugins lie that are installed here."""


@dataclass
class RowOutcomes:
    """One row of a block: its cells by seed, and the seeds that have none."""

    cells: dict[int, Cell] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    facts: RowFacts | None = None
    """Known where there is a cell."""

    @property
    def first(self) -> Cell:
        """The cell of the first seed."""
        return next(iter(self.cells.values()))

    @property
    def seeds(self) -> Collection[int]:
        """Those that it was measured with."""
        return self.cells.keys()

    def correct(self, seeds: Iterable[int]) -> NDArray[np.bool_]:
        """Which test images were right: (seeds, images)."""
        return np.stack([self.cells[seed].correct for seed in seeds])

    def predicted(self, seeds: Iterable[int]) -> NDArray[np.integer]:
        """The label that each image was given: (seeds, images)."""
        return np.stack([self.cells[seed].predicted for seed in seeds])

    def confidence(self, seeds: Iterable[int]) -> NDArray[np.float64]:
        """Of those: (seeds, images)."""
        return np.stack([self.cells[seed].confidence for seed in seeds])


@dataclass(frozen=True)
class BlurFacts:
    """What a test blur is, however the suite words it."""

    meaning: Meaning
    units: Mapping[str, str]
    """Of its parameters, those of a chain by path: `steps.0.sigma`."""
    measured: bool
    """There is a cell under it."""
    photographed: bool = False
    """It was put on no test image: it is tested on other pictures, really blurred."""


@dataclass(frozen=True)
class Outcomes:
    """All cells of one board in suite order."""

    heading: Heading
    baseline: RowKey | None
    """The row that gains are measured against."""
    rows: Mapping[BlockKey, Mapping[RowKey, RowOutcomes]]
    blurs: Mapping[str, BlurFacts]
    """By test blur, of all that have a record."""

    def is_photographed(self, test_blur: str) -> bool:
        """Whether it is tested on other pictures than those of the other test blurs."""
        return test_blur in self.blurs and self.blurs[test_blur].photographed

    def each_row(self) -> Iterator[tuple[BlockKey, RowKey, RowOutcomes]]:
        """Every row of every block."""
        return ((block, key, row) for block, rows in self.rows.items() for key, row in rows.items())

    def frame(self) -> pd.DataFrame:
        """A row a cell and seed: labels, seed, status and reason, metrics, cost, milliseconds, key, artifact."""
        import pandas as pd

        return pd.DataFrame(self._frame_rows())

    def by_class(self) -> pd.DataFrame:
        """A row a cell, seed and class: labels, seed, class, how many test images it has, and the top-1 over them."""
        import pandas as pd

        return pd.DataFrame(
            {**block._asdict(), **key._asdict(), "seed": seed, "class": label, "n": n, "top1": top1}
            for block, key, row in self.each_row()
            for seed, cell in row.cells.items()
            for label, (n, top1) in accuracy_by_class(np.array(cell.truth), cell.correct[None]).items()
        )

    def _answers(self, block: BlockKey, key: RowKey, seed: int, cell: Cell) -> dict[str, float | None]:
        """What the stored answers of a cell say beyond its metrics."""
        rows = self.rows.get(block._replace(test_blur=CLEAN), {})
        is_same = not self.is_photographed(block.test_blur)
        sharp = rows[key].cells.get(seed) if key in rows and is_same else None
        classes = accuracy_by_class(np.array(cell.truth), cell.correct[None])
        return {
            "churn": churn(cell.predicted, sharp.predicted) if sharp else None,
            "selective_top1": selective_accuracy(cell.confidence, cell.correct),
            "worst_class_top1": min(top1 for _, top1 in classes.values()),
        }

    def _frame_rows(self) -> Iterator[dict[str, Any]]:
        for block, key, row in self.each_row():
            labels = {**block._asdict(), **key._asdict()}
            for seed, cell in row.cells.items():
                assert row.facts is not None
                facts = {name: getattr(row.facts, name) for name in ("knows", "exposure", "control", "told_sigma")}
                answers = self._answers(block, key, seed, cell)
                values = {**cell.metrics, **answers, **cell.own_means, **cell.cost, **cell.timing, **cell.observations}
                stored = {"key": cell.key, "artifact": cell.artifact}
                yield {**labels, "seed": seed, "status": "ok", **facts, **values, **stored}
            for gap in row.missing:
                yield {**labels, "seed": gap.seed, "status": gap.status, "reason": gap.reason}


# --- from records ---------------------------------------------------------------------------------------------------

_Rows: TypeAlias = dict[BlockKey, dict[RowKey, RowOutcomes]]

_SCORES = ("calibration_error", "log_loss", "brier")
_METRICS = ("top1", "top5", *_SCORES, "blurred_psnr", "restored_psnr", "blurred_ssim", "restored_ssim")
_COSTS = ("fit_seconds", "fit_images_seen", "fit_steps", "parameters", "macs")
_TIMES = ("batch_1_ms", "batch_256_ms", "peak_memory_bytes")


def stored_outcomes(store: Store, board: str) -> Outcomes:
    """Of a stored board of classifiers; records that cannot be compared with the others are failed ones."""
    manifest, records = _stored(store, board)
    named = {record.timing for record in records.values()} - {None}
    timings = {key: store.timing(key) for key in named if key is not None}
    return outcomes_of(manifest, records, {key: timing for key, timing in timings.items() if timing is not None})


def _stored(store: Store, board: str) -> tuple[Manifest, dict[str, Record]]:
    manifest = store.records.board(board)
    assert manifest is not None
    return manifest, without_inconsistent(manifest, store.records.of_board(manifest))


def outcomes_of(manifest: Manifest, records: Mapping[str, Record], timings: Mapping[str, Timing]) -> Outcomes:
    """Every line of the manifest with its record, or with the reason why there is none; `records` and `timings` by
    key, in any order, whatever of them there is.

    Raises RecordError where two records of a data set were not measured on the same test images.
    """
    rows: _Rows = {}
    first: dict[tuple[str, bool], Record] = {}
    for line in manifest.lines:
        block = rows.setdefault(BlockKey(line["dataset"], line["classifier"], line["test_blur"]), {})
        row = block.setdefault(RowKey(line["strategy"], line["train_blur"]), RowOutcomes())
        if (record := records.get(line.key)) is not None and record.status == "ok":
            tested_on = (line["dataset"], record.accuracy.photographed)
            _check_images(line["dataset"], first.setdefault(tested_on, record), record)
            row.cells[line.seed] = _cell(record, timings, line.artifact)
            row.facts = row.facts or _facts(record)
        else:
            row.missing.append(_missing(line, record))
    heading = _heading(manifest)
    return Outcomes(
        heading, _baseline(manifest, records), _in_order(rows, heading), _blurs(manifest, records, heading.test_blurs)
    )


def _heading(manifest: Manifest) -> Heading:
    told = {name: getattr(manifest, name) for name in Heading.__dataclass_fields__ if name != "unchecked"}
    blurs = tuple(dict.fromkeys([*manifest.test_blurs, *(line["test_blur"] for line in manifest.lines)]))
    unchecked = len(set(manifest.unchecked) & {line.key for line in manifest.lines})
    return Heading(**{**told, "commands": tuple(manifest.commands), "test_blurs": blurs, "unchecked": unchecked})


def _in_order(
    rows: Mapping[BlockKey, dict[RowKey, RowOutcomes]], heading: Heading
) -> dict[BlockKey, dict[RowKey, RowOutcomes]]:
    """By data set, classifier and test blur as the suite has them."""
    orders = [list(dict.fromkeys(key[axis] for key in rows)) for axis in range(2)] + [list(heading.test_blurs)]
    return {
        key: rows[key] for key in sorted(rows, key=lambda key: [o.index(v) for o, v in zip(orders, key, strict=True)])
    }


def _cell(record: Record, timings: Mapping[str, Timing], artifact: str | None) -> Cell:
    measured = record.accuracy
    timing, labels = timings.get(measured.cost.timing), measured.images.label
    predicted = np.array(measured.images.predicted)
    return Cell(
        record.key,
        truth=tuple(labels),
        correct=np.array(labels) == predicted,
        predicted=predicted,
        confidence=np.array(measured.images.confidence),
        still_improving=measured.cost.still_improving,
        metrics={name: getattr(measured.metrics, name) for name in _METRICS},
        observations=measured.metrics.observations,
        own={name: np.array(values, dtype=np.float64) for name, values in measured.images.own.items()},
        own_means=measured.metrics.own,
        cost={name: getattr(measured.cost, name) for name in _COSTS},
        timing={name: getattr(timing, name) for name in _TIMES} if timing else {},
        timed_on=_machine(timing) if timing else "",
        artifact=artifact,
    )


def _machine(timing: Timing) -> str:
    parts = (timing.device, counted(timing.threads, "thread"), timing.machine)
    return ", ".join(part for part in parts if part)


FOR_FITTING = frozenset(("labels", "clean images", "image pairs"))
"""What strategies require of training images: nobody needs it who fits nothing."""


def _facts(record: Record) -> RowFacts:
    facts = record.facts
    assert facts.knows is not None
    assert facts.exposure is not None
    strategy: Strategy | None = discover().find("strategies", record.axes["strategy"].config)
    metrics = [discover().find("metrics", config) for config in record.settings.get("metrics", ())]
    is_fitted = record.accuracy.cost.fit_images_seen > 0
    return RowFacts(
        facts.knows,
        tuple(need for need in facts.requires if is_fitted or need not in FOR_FITTING),
        facts.exposure,
        control=strategy.control() if strategy else "",
        train_blur=record.axes["train_blur"].config,
        image_shape=tuple(record.accuracy.image_shape),
        told_sigma=strategy.told_sigma() if strategy else None,
        own_limits={label(discover(), metric): metric.limits for metric in metrics if metric is not None},
    )


def _blurs(manifest: Manifest, records: Mapping[str, Record], names: tuple[str, ...]) -> dict[str, BlurFacts]:
    """Of each test blur what its first record says, a measured one where there is one."""
    blurs: dict[str, BlurFacts] = {}
    lines = [(line["test_blur"], records[line.key]) for line in reversed(manifest.lines) if line.key in records]
    for name, record in sorted(lines, key=lambda pair: pair[1].status == "ok"):
        blur = record.axes["test_blur"]
        known = blurs[name].units if name in blurs else {}
        measured = record.status == "ok"
        units = record.accuracy.test_blur_units if measured else known
        photographed = measured and record.accuracy.photographed
        blurs[name] = BlurFacts(Meaning(blur.label, blur.config), units, measured, photographed)
    return {name: blurs[name] for name in names if name in blurs}


def _check_images(dataset: str, one: Record, other: Record) -> None:
    if one.accuracy.images.label != other.accuracy.images.label:
        raise RecordError(
            f"{dataset}: records {one.key} and {other.key} were measured on different test images; "
            "delete the damaged one from the results folder and run again"
        )


def _missing(line: Line, record: Record | None) -> Missing:
    row = (line["strategy"], line["train_blur"], line.seed)
    return Missing(*row, "not yet run") if record is None else Missing(*row, record.status, record.reason, record.log)


def _baseline(manifest: Manifest, records: Mapping[str, Record]) -> RowKey | None:
    """The baseline strategy without parameters, however a suite labels it."""
    for line in manifest.lines:
        record = records.get(line.key)
        if manifest.baseline in (line["strategy"], record.label("strategy") if record else None):
            return RowKey(line["strategy"], line["train_blur"])
    return None


def restored_samples(store: Store, board: str) -> Iterator[tuple[str, str, str, str]]:
    """Data set, blur, strategy and record key of the cells met with the blur that they were fitted to, first seed."""
    manifest = store.records.board(board)
    for line in manifest.lines if manifest else ():
        if not line.seed and line["train_blur"] == line["test_blur"]:
            yield line["dataset"], line["test_blur"], line["strategy"], line.key


# --- estimators of blur ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Estimate:
    """One cell of a board of estimators: an estimator's maps of one collection of pictures under one blur."""

    labels: Mapping[str, Any]
    """Pictures, blur, estimator, what it was fitted on and how that was split, seed."""
    key: str
    reason: str
    """Why there is no measurement; empty where there is one."""
    values: Mapping[str, float | None]
    """Errors in pixels of sigma, counts and costs, by the name of their column; empty where nothing was measured."""
    sigma: float | None
    """The one sigma of a blur that is the same everywhere."""
    window: int | None
    """The side of the square that a reading rests on, in pixels; None where its plugin is not installed."""
    errors: NDArray[np.float64]
    """Mean squared error of each picture: (pictures,)."""

    @property
    def place(self) -> tuple[str, str]:
        """Pictures and blur."""
        return str(self.labels["dataset"]), str(self.labels["test_blur"])

    @property
    def title(self) -> str:
        """What was fitted on what."""
        split = ", patch split" if self.labels["split"] == "patch" else ""
        fitted_on = self.labels["fitted_on"]
        return str(self.labels["estimator"]) + (f" on {fitted_on}{split}" if fitted_on else "")


@dataclass(frozen=True)
class Estimates:
    """All cells of a board of estimators that have a record, in suite order."""

    heading: Mapping[str, Any]
    cells: tuple[Estimate, ...]

    @property
    def measured(self) -> list[Estimate]:
        """Those that were measured."""
        return [cell for cell in self.cells if cell.values]


_COUNTS = ("pictures", "readings", "stride")
_FURTHER = ("accuracy", "textured_mse", "flat_share", "flat_bias", "oracle_mse", "mean_answer_mse")
_ESTIMATION_COSTS = ("fit_seconds", "seconds", "parameters")


def stored_estimates(store: Store, board: str) -> Estimates:
    """Of a stored board of estimators; records that cannot be compared with the others are failed ones."""
    return estimates_of(*_stored(store, board))


def estimates_of(manifest: Manifest, records: Mapping[str, Record]) -> Estimates:
    """The lines of a board that have a record."""
    heading = manifest.model_dump(mode="json", exclude={"lines", "schema_version", "baseline"})
    heading["unchecked"] = len(manifest.unchecked)
    lines = [line for line in manifest.lines if line.key in records]
    return Estimates(heading, tuple(_estimate(line, records[line.key]) for line in lines))


def _estimate(line: Line, record: Record) -> Estimate:
    result = record.estimation if record.result else None
    estimator: Estimator | None = discover().find("estimators", record.axes["estimator"].config)
    return Estimate(
        {**line.labels, "seed": line.seed},
        line.key,
        reason="" if result else record.reason,
        values=_values(result) if result else {},
        sigma=result.measured.uniform_sigma if result else None,
        window=estimator.window if estimator else None,
        errors=np.array(result.measured.raw.per_picture if result else []),
    )


def _values(result: EstimationResult) -> dict[str, float | None]:
    measured = result.measured
    return {
        **{name: getattr(measured, name) for name in _COUNTS},
        **{name: getattr(measured.raw, name) for name in ("mse", "rmse", "bias")},
        **{f"smoothed_{name}": getattr(measured.smoothed, name) for name in ("mse", "rmse")},
        **{name: getattr(measured, name) for name in _FURTHER},
        **{name: getattr(result, name) for name in _ESTIMATION_COSTS},
    }
