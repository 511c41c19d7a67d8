"""Measuring a stored cell again, from its stored artifacts or from artifacts fitted anew, and comparing the answers.

Nothing is written into the results folder: the workshop stands in a scratch folder that borrows the decoded data and,
unless everything is fitted anew, the artifacts.
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
from typing import TYPE_CHECKING, Any

from blurbench.contract import Dataset
from blurbench.errors import BlurbenchError, RecordError, shortened
from blurbench.registry import Registry
from blurbench.results.decoded import describe
from blurbench.results.recall import recall, suite_seeds
from blurbench.results.record import Record
from blurbench.results.store import Store
from blurbench.running.worker import Options, open_workshop
from blurbench.suites.plan import Data, Task

if TYPE_CHECKING:
    from blurbench.running.workshop import Workshop

__all__ = ["MOST_FLIPS", "Replay", "Replayer", "pick", "replaying", "seconds_of", "threads_of"]

MOST_FLIPS = 0.001
"""The share of test images whose predicted label may change."""


FIGURES = {
    "metrics": (
        *("top5", "calibration_error"),
        *("blurred_psnr", "blurred_ssim", "restored_psnr", "restored_ssim"),
    ),
    "cost": ("parameters", "macs", "fit_steps", "fit_images_seen"),
}
"""What is compared beside the predictions."""
CLOSE = 2e-3
"""By how much a figure may differ, and as a share of it where that is more: a thousandth of the images may flip."""


@dataclass(frozen=True)
class Replay:
    """What came of measuring a cell again."""

    key: str
    refitted: bool
    images: int
    flips: int
    """Test images that are given another label than before."""
    top1_before: float
    top1_after: float
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
        workshop = open_workshop(Options(scratch.root, device, threads), waiting=lambda: None)
        yield Replayer(registry, store, scratch, tuple(folders), workshop, refit)


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
    workshop: Workshop
    refit: bool

    def __post_init__(self) -> None:
        self._seeds = suite_seeds(self.registry)
        self._data: dict[Dataset, Data] = {}

    def replay(self, record: Record) -> Replay:
        """Measure a cell again. Raises RecordError, or Unavailable, where that cannot be done."""
        from blurbench.running.evaluate import evaluate

        try:
            again = evaluate(self.workshop, _job(self._prepared(record)))
        except BlurbenchError:
            raise
        except Exception as error:  # whatever a plugin raises costs its own cell only
            raise RecordError(f"{type(error).__name__}: {shortened(str(error), 300)}") from error
        return _judged(record, again, self.refit, self._other_seeds(record) if self.refit else [])

    def _prepared(self, record: Record) -> Task:
        """The record's task, its artifacts at hand."""
        if record.status != "ok":
            raise RecordError(f"it was not measured: {record.status}: {record.reason}")
        plan, task = recall(self.registry, record, self._describe, self._seeds)
        for needed in plan.leading_to([record.key]).values():
            if needed.kind not in ("restorer", "predictor", "estimator"):
                continue
            if self.refit:
                self.workshop.ensure(_job(needed))
            elif self.store.artifact(needed.key) is None:
                state = "damaged" if self.store.has_artifact(needed.key) else "not in this results folder"
                raise RecordError(f"the artifact of {needed.title} is {state}; `--refit` fits it anew")
        return task

    def _describe(self, dataset: Dataset) -> Data:
        if dataset not in self._data:
            self._data[dataset] = describe(self.registry, self.scratch, dataset, self.folders)
        return self._data[dataset]

    def _other_seeds(self, record: Record) -> list[float]:
        """Top-1 of all stored seeds of the same cell, this one included."""
        place = _place(record)
        found = [record]
        for path in (self.store.root / "records").glob("*/*.json"):
            other = self.store.record(path.stem)
            if other is not None and other.key != record.key and _place(other) == place:
                found.append(other)
        return [one.metrics.top1 for one in found if one.metrics]


def _job(task: Task) -> dict[str, Any]:
    """What a worker is sent."""
    return {**task.job, "key": task.key}


def _place(record: Record) -> tuple[object, ...]:
    """The coordinates of a record but for its seed."""
    parts = (record.dataset, record.classifier, record.strategy, record.train_blur, record.test_blur)
    return (*(part.spec for part in parts), record.budget, record.data_fingerprint)


# --- judging --------------------------------------------------------------------------------------------------------


def _judged(before: Record, after: Record, refitted: bool, seeds: list[float]) -> Replay:
    assert before.images is not None
    assert after.images is not None
    assert before.metrics is not None
    assert after.metrics is not None
    if before.images.label != after.images.label:
        raise RecordError("its test labels are not those of the data set that is here")
    flips = sum(map(int.__ne__, before.images.predicted, after.images.predicted))
    images = len(before.images.label)
    agrees, judgement = flips <= MOST_FLIPS * images, f"{flips} of {images} predictions changed"
    if refitted and not agrees:
        agrees, reason = _within_seeds(after.metrics.top1, seeds) if len(seeds) > 1 else _within_images(before, after)
        judgement += f"; {reason}"
    elif not agrees:
        judgement += f", at most {MOST_FLIPS:.1%} may"
    elif not refitted and (changed := _changed(before, after)):
        agrees, judgement = False, f"{judgement}, but {'; '.join(changed)}"
    return Replay(before.key, refitted, images, flips, before.metrics.top1, after.metrics.top1, agrees, judgement)


def _changed(before: Record, after: Record) -> list[str]:
    """Figures of a record, its predictions aside, that come out otherwise; rounding is not told."""
    found = []
    for part, names in FIGURES.items():
        for name in names:
            old, new = getattr(getattr(before, part), name), getattr(getattr(after, part), name)
            if old is None:  # older than the figure
                continue
            if new is None or abs(new - old) > CLOSE * max(1.0, abs(new)):
                found.append(f"{name} is stored as {old:.6g}, measured again {'none' if new is None else f'{new:.6g}'}")
    return found


def _within_seeds(top1: float, seeds: list[float]) -> tuple[bool, str]:
    """Whether a top-1 lies where one more seed would, 95 times in 100."""
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    count, middle = len(seeds), fmean(seeds)
    half = float(stdtrit(count - 1, 0.975)) * stdev(seeds) * (1 + 1 / count) ** 0.5
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    inside = low <= top1 <= high
    where = "inside" if inside else "outside"
    return inside, f"{top1:.1%} is {where} [{low:.1%}, {high:.1%}], where one more of {count} seeds would lie"


def _within_images(before: Record, after: Record) -> tuple[bool, str]:
    """With one seed: whether the paired difference could be none."""
    import numpy as np

    from blurbench.metrics.intervals import difference_interval

    hits = [np.array(one.images.label) == np.array(one.images.predicted) for one in (after, before) if one.images]
    found = difference_interval((hits[0].astype(float) - hits[1])[None])
    could = "can" if found.excludes_zero else "cannot"
    interval = f"{found.estimate:+.1%} [{found.low:+.1%}, {found.high:+.1%}]"
    return not found.excludes_zero, f"one seed is stored, so images only: {interval}, which {could} be told from 0"


# --- a sample of a board --------------------------------------------------------------------------------------------


def pick(records: Sequence[Record], share: float, seed: int) -> list[Record]:
    """A share of the measured records, at least one, the same for the same seed; those of one predictor together."""
    measured = sorted((record for record in records if record.status == "ok"), key=lambda record: record.key)
    count = min(len(measured), max(1, round(share * len(measured))))
    chosen = random.Random(seed).sample(measured, count)
    return sorted(chosen, key=lambda one: (one.dataset.label, one.strategy.label, one.train_blur.label, one.key))


def threads_of(records: Sequence[Record]) -> int:
    """The number of threads that most of them were measured with: with another the last digits can change."""
    counts = Counter(record.provenance.get("threads", 1) for record in records)
    ((threads, _),) = counts.most_common(1) or [(1, 0)]
    return threads if isinstance(threads, int) and 1 <= threads <= 1024 else 1


STARTING, A_CELL = 4.0, 0.3
"""Seconds to import torch and to load what a cell needs."""


def seconds_of(records: Sequence[Record], refit: bool) -> float:
    """About how long replaying takes, from what the records say of themselves."""
    costs = {record.key: record.cost for record in records if record.cost}
    measuring = sum(cost.evaluate_seconds + A_CELL for cost in costs.values())
    if not refit:
        return STARTING + measuring
    fits = {
        (str(_place(record)[:4]), record.seed): record.cost.fit_seconds for record in records if record.cost is not None
    }
    return STARTING + measuring + sum(fits.values())
