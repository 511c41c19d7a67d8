"""Measuring a stored cell again, from its stored artifacts or from artifacts fitted anew, and comparing the answers.

Nothing is written into the results folder: the runtime has a scratch folder that borrows the decoded data and, unless
everything is fitted anew, the artifacts.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING

from blurbench.contract import Dataset
from blurbench.errors import BlurbenchError, RecordError, shortened
from blurbench.matrix.cell import Data
from blurbench.matrix.tasks import Evaluate, Fit
from blurbench.measurements.schema import Result
from blurbench.registry import Registry
from blurbench.running.worker import Options, open_runtime
from blurbench.store.dataset_cache import describe
from blurbench.store.record import AnyResult, Record
from blurbench.store.store import Store
from blurbench.submissions.replan import replan

if TYPE_CHECKING:
    from blurbench.running.runtime import WorkerRuntime

__all__ = ["Replay", "Replayer", "pick", "replaying", "seconds_of", "threads_of"]


@dataclass(frozen=True)
class Replay:
    """What came of measuring a cell again."""

    before: Result
    after: Result
    agrees: bool
    judgement: str
    """The reason for `agrees`, in words."""


@contextmanager
def replaying(
    registry: Registry, store: Store, folders: Sequence[Path], device: str, threads: int, refit: bool
) -> Iterator[Replayer]:
    """A replayer of cells of `store`, which is only read."""
    with tempfile.TemporaryDirectory(prefix="blurbench-") as name:
        scratch = Store(Path(name) / "results")
        scratch.create()
        if not refit:
            _borrow(store, scratch, "artifacts")
        if (store.root / "data").is_dir():
            _borrow(store, scratch, "data", each=True)
        runtime = open_runtime(Options(scratch.root, device, threads, tuple(folders)), registry=registry)
        yield Replayer(registry, store, scratch, tuple(folders), runtime, refit)


def _borrow(store: Store, scratch: Store, kind: str, each: bool = False) -> None:
    """Let the scratch folder see a folder of the store; or, with `each`, what is in it, so that more can be added."""
    if each:
        for path in (store.root / kind).iterdir():
            (scratch.root / kind / path.name).symlink_to(path, target_is_directory=True)
    else:
        (scratch.root / kind).rmdir()
        (scratch.root / kind).symlink_to(store.root / kind, target_is_directory=True)


@dataclass
class Replayer:
    """Replays cells one after the other; what they share is loaded, or fitted, once."""

    registry: Registry
    store: Store
    scratch: Store
    folders: tuple[Path, ...]
    runtime: WorkerRuntime
    is_refitting: bool

    def __post_init__(self) -> None:
        self._data: dict[Dataset, Data] = {}

    def replay(self, record: Record) -> Replay:
        """Measure a cell again. Raises RecordError, or Unavailable, where that cannot be done."""
        try:
            again = self.runtime.measured(self._prepared(record))
        except BlurbenchError:
            raise
        except Exception as error:  # whatever a plugin raises costs its own cell only
            raise RecordError(f"{type(error).__name__}: {shortened(str(error), 300)}") from error
        before, after = record.result, again.result
        assert before is not None
        assert after is not None
        agrees, judgement = before.repeated(after)  # type: ignore[arg-type] # of one measure
        if self.is_refitting and not agrees:
            others = self._other_seeds(record)
            agrees, reason = _within_seeds(after, others) if len(others) > 1 else _told_apart(before, after)
            judgement += f"; {reason}"
        return Replay(before, after, agrees, judgement)

    def _prepared(self, record: Record) -> Evaluate:
        """The record's task, its artifacts at hand."""
        if record.status != "ok":
            raise RecordError(f"it was not measured: {record.status}: {record.reason}")
        plan, task = replan(self.registry, record, self._describe)
        for needed in plan.leading_to([record.key]).values():
            if not isinstance(needed, Fit):
                continue
            if self.is_refitting:
                self.runtime.ensure(needed)
            elif self.store.artifact(needed.key) is None:
                state = "damaged" if self.store.has_artifact(needed.key) else "not in this results folder"
                raise RecordError(f"the artifact of {needed.title} is {state}; `--refit` fits it anew")
        return task

    def _describe(self, dataset: Dataset) -> Data:
        if dataset not in self._data:
            self._data[dataset] = describe(self.registry, self.scratch, dataset, self.folders)
        return self._data[dataset]

    def _other_seeds(self, record: Record) -> list[float]:
        """The scores of all stored seeds of the same cell, this one included."""
        assert record.result is not None
        row, scores = _row(record), [record.result.score]
        for key in self.store.records.keys(""):
            other = self.store.records.get(key)
            if other is not None and other.result and other.key != record.key and _row(other) == row:
                scores.append(other.result.score)
        return scores


def _told_apart(before: AnyResult, after: AnyResult) -> tuple[bool, str]:
    """By the images alone, where one seed is stored."""
    return before.refitted(after)  # type: ignore[arg-type] # of one measure


def _row(record: Record) -> tuple[object, ...]:
    """Equal for records that differ by their seed alone."""
    axes = {axis: value.config for axis, value in record.axes.items()}
    return (axes, record.budget, record.test_seed, record.settings, record.data_fingerprint)


def _within_seeds(after: Result, seeds: list[float]) -> tuple[bool, str]:
    """Whether a score lies where one more seed would, 95 times in 100."""
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    count, middle = len(seeds), fmean(seeds)
    half = float(stdtrit(count - 1, 0.975)) * stdev(seeds) * (1 + 1 / count) ** 0.5
    low, high = max(0.0, middle - half), middle + half
    inside = low <= after.score <= high
    score, low_shown, high_shown = (after.score_form.format(value) for value in (after.score, low, high))
    where = "inside" if inside else "outside"
    return inside, f"{score} is {where} [{low_shown}, {high_shown}], where one more of {count} seeds would lie"


# --- a sample of a board --------------------------------------------------------------------------------------------


def pick(records: Sequence[Record], share: float, seed: int) -> list[Record]:
    """A share of the measured records, at least one, the same for the same seed; those of one row together."""
    measured = sorted((record for record in records if record.status == "ok"), key=lambda record: record.key)
    count = min(len(measured), max(1, round(share * len(measured))))
    chosen = random.Random(seed).sample(measured, count)
    return sorted(
        chosen, key=lambda one: ([one.label(axis) for axis in sorted(one.axes) if axis != "test_blur"], one.key)
    )


def threads_of(records: Sequence[Record]) -> int:
    """The number of threads that most of them were measured with: with another the last digits can change."""
    counts = Counter(record.provenance.get("threads", 1) for record in records)
    ((threads, _),) = counts.most_common(1) or [(1, 0)]
    return threads if isinstance(threads, int) and 1 <= threads <= 1024 else 1


STARTING, A_CELL = 4.0, 0.3
"""Seconds to import torch and to load what a cell needs."""


def seconds_of(records: Sequence[Record], refit: bool) -> float:
    """About how long replaying takes, from what the records say of themselves."""
    results = [(record, record.result) for record in records if record.result]
    measuring = sum(result.seconds_taken + A_CELL for _, result in results)
    fits = {
        str((sorted((axis, record.label(axis)) for axis in record.axes if axis != "test_blur"), record.seed)): result
        for record, result in results
    }
    fitting = sum(result.fitting_seconds for result in fits.values()) if refit else 0.0
    return STARTING + measuring + fitting
