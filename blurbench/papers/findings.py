"""What was measured, by its place on a board."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from blurbench.errors import counted

if TYPE_CHECKING:  # papers are plugins: finding them loads neither numpy nor what reads records
    import numpy as np
    from numpy.typing import NDArray

    from blurbench.measurements.accuracy.result import Metrics
    from blurbench.store.record import Line, Manifest, Record

__all__ = ["Cells", "Findings", "Found", "Place"]

AXES = ("dataset", "strategy", "train_blur", "test_blur")
PSNR_FLOOR = 1e-10
"""Identical images count for 100 dB."""

Values: TypeAlias = "NDArray[np.float64]"


@dataclass(frozen=True)
class Place:
    """The labels of a row and of the blur that it is tested on. An empty `classifier` is whichever the suite has."""

    dataset: str
    strategy: str
    train_blur: str
    test_blur: str
    classifier: str = ""


@dataclass(frozen=True, eq=False)
class Found:
    """A cell's records, by seed; `dataset` is the label under which it was measured."""

    dataset: str
    records: Mapping[int, Record]

    @property
    def first(self) -> Record:
        return next(iter(self.records.values()))

    @property
    def images(self) -> int:
        """Test images."""
        return self.first.accuracy.metrics.n

    @property
    def is_fitted(self) -> bool:
        """Whether anything was fitted for it, so that another seed would answer otherwise."""
        return any(record.accuracy.cost.fit_images_seen for record in self.records.values())

    @property
    def still_improving(self) -> bool:
        """Whether a fit of any seed was, as far as its record says."""
        return any(record.accuracy.cost.still_improving for record in self.records.values())

    def mean(self, metric: str) -> float | None:
        """A field of `Metrics` or an observation, averaged over seeds."""
        from blurbench.board.paired import mean_of_all

        return mean_of_all(_mean(record.accuracy.metrics, metric) for record in self.records.values())

    def ends(self, metric: str) -> tuple[float, float] | None:
        """The 95% interval of that mean, where the records tell it image by image."""
        from blurbench.metrics.intervals import mean_interval, top1_interval

        values = self.each(metric, self.records)
        if values is None:
            return None
        interval = top1_interval(values > 0.5) if metric == "top1" else mean_interval(values)
        return interval.low, interval.high

    def each(self, metric: str, seeds: Iterable[int]) -> Values | None:
        """The metric of every test image, (seeds, images); None where a record does not hold it."""
        import numpy as np

        rows = [_each(self.records[seed], metric) for seed in seeds]
        return None if any(row is None for row in rows) else np.array(rows, np.float64)


def _mean(metrics: Metrics, metric: str) -> float | None:
    value = getattr(metrics, metric, metrics.observations.get(metric))
    return None if value is None else float(value)


def _each(record: Record, metric: str) -> Values | None:
    import numpy as np

    images = record.accuracy.images
    if metric == "top1":
        right: Values = (np.array(images.label) == np.array(images.predicted)).astype(np.float64)
        return right
    if metric.endswith("_psnr"):
        errors = getattr(images, metric.replace("_psnr", "_mse"), None)
        if errors is None:
            return None
        decibels: Values = np.multiply(-10.0, np.log10(np.maximum(np.array(errors), PSNR_FLOOR)))
        return decibels
    values = getattr(images, metric, None)
    return None if values is None else np.array(values, np.float64)


@dataclass(frozen=True)
class Cells:
    """A board's cells: its lines, and the records of those that have one."""

    manifest: Manifest
    records: Mapping[str, Record]

    def of_lines(self, lines: Sequence[Line]) -> list[Record]:
        """The records that these lines have."""
        return [self.records[line.key] for line in lines if line.key in self.records]

    def measured(self, lines: Sequence[Line]) -> list[Record] | str:
        """Of the lines of one place the records that were measured, one a seed, or why there are none."""
        records = self.of_lines(lines)
        if measured := [record for record in records if record.status == "ok"]:
            return measured
        if not lines:
            return self.absent
        return next((f"{record.status}: {record.reason}" for record in records), "not run yet")

    @property
    def absent(self) -> str:
        """Why there is nothing where the board has no line."""
        return f"budget {self.manifest.budget} does not have it"


@dataclass(frozen=True)
class Findings(Cells):
    """Those of a board of classifiers."""

    stand_ins: Mapping[str, Collection[str]] = field(default_factory=dict)
    """For a data set's label, others that hold the same images, and are named wherever they are used."""

    @cached_property
    def datasets(self) -> tuple[str, ...]:
        """The labels of the data sets on the board."""
        return tuple(dict.fromkeys(line["dataset"] for line in self.manifest.lines))

    @cached_property
    def _lines(self) -> Mapping[Place, list[Line]]:
        lines: dict[Place, list[Line]] = {}
        for line in self.manifest.lines:
            for classifier in {line["classifier"], ""}:
                place = Place(**{axis: line[axis] for axis in AXES}, classifier=classifier)
                lines.setdefault(place, []).append(line)
        return lines

    def find(self, place: Place) -> Found | str:
        """The records of a place, or why there are none."""
        reasons = []
        for dataset in (place.dataset, *self.stand_ins.get(place.dataset, ())):
            records = self.measured(self._lines.get(replace(place, dataset=dataset), []))
            if not isinstance(records, str):
                by_seed = {record.seed: record for record in records}
                return Found(dataset, dict(sorted(by_seed.items())))
            reasons.append(records)
        return next((reason for reason in reasons if reason != self.absent), self.absent)

    def of_one_class(self) -> Iterator[str]:
        """The places where networks learnt nothing, in words, in the order of the board: their seeds lie far apart."""
        from blurbench.board.flags import is_one_class

        for place, lines in self._lines.items():
            images = [record.accuracy.images for record in self.of_lines(lines) if record.status == "ok"]
            if place.classifier or not (lost := sum(is_one_class(one.predicted, one.label) for one in images)):
                continue
            row = f"{place.strategy} on {place.train_blur}" if place.train_blur else place.strategy
            yield f"{row}, tested on {place.test_blur} of {place.dataset}, in {lost} of {counted(len(images), 'seed')}"

    def ran_out_of_time(self, place: Place) -> bool:
        """Whether a time limit ended a seed of it."""
        datasets = (place.dataset, *self.stand_ins.get(place.dataset, ()))
        lines = [line for dataset in datasets for line in self._lines.get(replace(place, dataset=dataset), [])]
        return any(record.ran_out_of_time for record in self.of_lines(lines))
