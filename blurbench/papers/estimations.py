"""Papers whose measurements are estimations, not cells of a classifier's matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from blurbench.papers.findings import Cells
from blurbench.papers.paper import ReportedPaper
from blurbench.papers.published import Anchor
from blurbench.papers.report import Comparison, Filled, Size
from blurbench.papers.sizes import UNKNOWN, said_of_fits

if TYPE_CHECKING:
    from blurbench.measurements.blur_estimation.result import Errors
    from blurbench.registry import Registry
    from blurbench.store.record import Line, Record

__all__ = [
    "EstimationPaper",
    "Estimations",
    "Reading",
    "fill",
    "over",
    "over_pictures",
    "unmeasured",
]


@dataclass(frozen=True)
class Reading:
    """Where a figure is measured: the labels of a row of a suite of estimators, before or after smoothing."""

    estimator: str
    fitted_on: str
    split: str
    dataset: str
    test_blur: str
    smoothed: bool = False

    @property
    def labels(self) -> dict[str, str]:
        """Of its lines on a board."""
        return {name: value for name, value in vars(self).items() if name != "smoothed"}

    def errors(self, record: Record) -> Errors:
        """Those of a record of it that was measured."""
        measured = record.estimation.measured
        return measured.smoothed if self.smoothed else measured.raw


class Estimations(Cells):
    """Those of a board of estimators."""

    def find(self, reading: Reading) -> list[Record] | str:
        """The records of a reading, one a seed, or why there are none."""
        return self.measured(self._lines(reading))

    def ran_out_of_time(self, reading: Reading) -> bool:
        """Whether a time limit ended a seed of it."""
        return any(record.ran_out_of_time for record in self.of_lines(self._lines(reading)))

    def _lines(self, reading: Reading) -> list[Line]:
        return [line for line in self.manifest.lines if line.labels == reading.labels]


# --- tables and comparisons ----------------------------------------------------------------------------------------


def fill(found: Estimations, anchor: Anchor, reading: Reading, error: Literal["mse", "rmse"]) -> Filled:
    """A printed error of sigma maps beside the measured one, over seeds: in squared pixels, or pixels for the root."""
    empty = Filled(anchor.row, anchor.column, anchor.best)
    records = found.find(reading)
    if isinstance(records, str):
        return replace(empty, reason=records)
    errors = [reading.errors(record) for record in records]
    mse = sum(each.mse for each in errors) / len(errors)
    return replace(
        empty,
        measured=mse if error == "mse" else mse**0.5,
        dataset=reading.dataset,
        images=len(errors[0].per_picture),
        seeds=len(errors),
        records=tuple(record.key for record in records),
    )


def over(found: Estimations, name: str, larger: Reading, smaller: Reading) -> Comparison:
    """Whether the squared error of one reading exceeds that of another, picture by picture."""
    empty, sides = Comparison(name, "squared pixels", 0.0), []
    for reading in (larger, smaller):
        records = found.find(reading)
        if isinstance(records, str):
            return unmeasured(found, empty, reading, records)
        sides.append({record.seed: record for record in records})
    seeds = sorted(sides[0].keys() & sides[1].keys())
    values = [
        [reading.errors(side[seed]).per_picture for seed in seeds]
        for reading, side in zip((larger, smaller), sides, strict=True)
    ]
    if not seeds or len(values[0][0]) != len(values[1][0]):
        return replace(empty, reason="the two were measured on different pictures or seeds")
    differences = [[a - b for a, b in zip(*pair, strict=True)] for pair in zip(*values, strict=True)]
    return over_pictures(empty, differences, [side[seed] for side in sides for seed in seeds])


def unmeasured(found: Estimations, empty: Comparison, reading: Reading, reason: str) -> Comparison:
    """`empty` with the reason why there are no records of a reading."""
    return replace(empty, reason=reason, cut_short=found.ran_out_of_time(reading))


def over_pictures(empty: Comparison, values: Sequence[Sequence[float]], records: Sequence[Record]) -> Comparison:
    """`empty` with the mean of `values` (seeds, pictures), which rest on these records."""
    import numpy as np

    from blurbench.metrics.mean_intervals import picture_mean_interval

    if len(values[0]) < 2:
        return replace(empty, reason="fewer than two pictures tell nothing of others")
    fits = [record.estimation.fit for record in records if record.estimation.fit]
    return replace(
        empty,
        interval=picture_mean_interval(np.array(values)),
        seeds=len(values) if fits else None,
        cut_short=any(fit.get("still_improving") is True for fit in fits),
    )


# --- the paper -----------------------------------------------------------------------------------------------------


class EstimationPaper(ReportedPaper[Estimations]):
    """A paper whose measurements are those of a suite of estimators."""

    def evidence(self, cells: Cells) -> Estimations:
        return Estimations(cells.manifest, cells.records)

    def both_sizes(self, evidence: Estimations, registry: Registry) -> tuple[Size, ...]:
        return tuple(Size(what, self.sizes.get(what, UNKNOWN), here) for what, here in _sizes(evidence))


def _sizes(found: Estimations) -> Iterator[tuple[str, str]]:
    """How large the measurement was here."""
    values = found.manifest.budget_values
    limit = values.get("train_images")
    records = [record for record in found.records.values() if record.status == "ok"]
    yield "training images", "all pictures" if limit is None else f"at most {limit:,} pictures"
    fits = {record.label("estimator"): record.estimation.fit for record in records if record.estimation.fit}
    shown = [f"{fit['images_seen']:,} ({name})" for name, fit in fits.items() if "images_seen" in fit]
    yield "patches shown in a fit", ", ".join(shown) or "nothing that is fitted"
    improving = [fit.get("still_improving") for fit in fits.values()]
    yield "fits still improving", said_of_fits(improving)
    tested = ", ".join(f"{count} of {name}" for name, count in _pictures(found).items() if count)
    yield "test pictures", tested or "nothing measured"
    yield "epochs", str(values.get("epochs", UNKNOWN))
    yield "seeds", str(len({record.seed for record in records}) or "nothing measured")
    yield "recipes", "the paper's own" if values.get("recipes") == "paper" else "short ones of this tool"
    yield "estimators", ", ".join(dict.fromkeys(record.label("estimator") for record in records)) or "nothing measured"


def _pictures(found: Estimations) -> dict[str, int]:
    """Test pictures of each collection on the board."""
    counts = {line["dataset"]: 0 for line in found.manifest.lines}
    for line in found.manifest.lines:
        record = found.records.get(line.key)
        if record is not None and record.result is not None:
            counts[line["dataset"]] = record.estimation.measured.pictures
    return counts
