"""About how long outstanding tasks take on this machine, and how much disk they fill.

Every network runs here once on a few images. That gives the seconds an image, for the whole of a restorer whatever it
computes; times images and epochs they give the seconds of a fit, set right by what fits of the same plugin took that
are stored in the results folder, or by what all of them took. A cell takes what stored ones of the same row took, else
what its networks take for its images. Workers are reckoned with as a run would have them: what each waits for, and
timings alone at the end. Good to a factor of two.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, singledispatchmethod
from statistics import fmean
from typing import Any

from blurbench.contract import Classifier, Estimator, Restorer
from blurbench.errors import counted
from blurbench.matrix.cell import Data
from blurbench.matrix.tasks import Evaluate, Fit, FitEstimator, FitPredictor, FitRestorer, Task, TimePipeline
from blurbench.registry import config
from blurbench.running.profile import Profile, profiled, shortest
from blurbench.running.session import Session
from blurbench.running.simulated import simulated

__all__ = ["Forecast", "forecast"]

BESIDE = 1.6
"""What a fit takes beside its networks, as a factor: blur, optimiser, validation, other workers on the same memory."""
CELL = 0.6
"""Seconds of a cell beside its networks: blur, scores, storing."""
TIMING, TIMED_IMAGES = 1.0, 1_800
"""Seconds of a timing, and the images that it predicts beside."""
CELL_BYTES = 60_000
SIDE = 96
"""Pixels of the part of a picture that an estimator is tried on."""
ENOUGH = 20.0
"""Seconds of stored fits from which their rate is believed."""


@dataclass(frozen=True)
class Forecast:
    """Minutes of wall time with so many workers and GPUs, hours that all of them together are at work, MiB of disk, and
    what the figure rests on."""

    minutes: float
    worker_hours: float
    workers: int
    gpus: int
    disk_mib: float
    basis: str


def forecast(
    session: Session, tasks: Mapping[str, Task], workers: int | None = None, gpus: int = 0, gpu_speed: float = 1.0
) -> Forecast | None:
    """What `tasks` take with so many workers, or with those of this machine, and beside them GPUs, each of which is
    `gpu_speed` workers; imports torch, builds each network once and runs it on a few images. None where a plugin does
    not tell what its fit sees, and none like it was fitted in this results folder."""
    clock = _Forecaster(session)
    workers = workers or len(session.slots(len(tasks)))
    seconds = {key: clock.seconds(task) for key, task in tasks.items()}
    known = {key: value for key, value in seconds.items() if value is not None}
    if len(known) < len(tasks):
        return None
    disk = sum(clock.bytes(task) for task in tasks.values())

    def taking(task: Task, slot: int) -> float:
        # GPUs first: they are handed the next task where both are free.
        return known[task.key] / gpu_speed if slot < gpus else known[task.key]

    done = simulated(session.store, tasks, workers + gpus, taking)
    return Forecast(done.time / 60, done.busy / 3600, workers, gpus, disk / 2**20, clock.corrections.basis)


class _Forecaster:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.profiles = _Profiles(session)
        self.corrections = _Corrections(session, self.profiles)
        self.cells = _stored_cells(session)
        self.pixel_seconds: dict[Any, float] = {}

    @singledispatchmethod
    def seconds(self, task: Task) -> float | None:
        """Of one task alone on a worker."""
        raise NotImplementedError(type(task).__name__)

    @seconds.register
    def _(self, task: Fit) -> float | None:
        expected = self.profiles.fitting(task)
        return self.corrections(task, expected)

    @seconds.register
    def _(self, task: Evaluate) -> float | None:
        row = _row(task.measured.identity["axes"])
        if row in self.cells:
            return self.cells[row]
        images = task.test_images or task.data.test
        if isinstance(task.fit, FitPredictor):
            return CELL + images * self.profiles.predicting(task.fit)
        return images * task.data.shape.height * task.data.shape.width * self._a_pixel(task)

    @seconds.register
    def _(self, task: TimePipeline) -> float | None:
        return TIMING + TIMED_IMAGES * self.profiles.predicting(task.candidates[0])

    def bytes(self, task: Task) -> float:
        """Of disk."""
        if isinstance(task, Fit):
            return 4.0 * self.profiles.of_fit(task).parameters
        return CELL_BYTES if task.cell else 0.0

    def _a_pixel(self, task: Evaluate) -> float:
        """Seconds of an estimator for each pixel of a picture."""
        estimator, stride = task.measured.plugins["estimator"], task.settings["stride"]
        assert isinstance(estimator, Estimator)
        if (estimator, stride) not in self.pixel_seconds:
            self.pixel_seconds[estimator, stride] = _pixel_seconds(
                estimator, stride, self.session.device, self.session.request.threads
            )
        return self.pixel_seconds[estimator, stride]


def _pixel_seconds(estimator: Estimator, stride: int, device: str, threads: int) -> float:
    import torch

    side = max(SIDE, estimator.window)
    module = estimator.build() if estimator.trainable else None
    if module is not None:
        module.eval().to(device)
    images = torch.rand(1, 1, side, side, device=device)
    with torch.inference_mode():
        return shortest(lambda: estimator.sigma_map(images.clone(), module, stride), device, threads) / side**2


def _row(axes: Mapping[str, Any]) -> str:
    """Equal for the cells of one row: they differ by their test blur and seed alone."""
    return json.dumps({axis: value["label"] for axis, value in axes.items() if axis != "test_blur"}, sort_keys=True)


def _stored_cells(session: Session) -> dict[str, float]:
    """Seconds of a stored cell, by row."""
    taken: dict[str, list[float]] = {}
    for record in session.records.values():
        if record.result is not None:
            row = _row({axis: {"label": value.label} for axis, value in record.axes.items()})
            taken.setdefault(row, []).append(record.result.seconds_taken)
    return {row: fmean(seconds) for row, seconds in taken.items()}


# --- networks --------------------------------------------------------------------------------------------------------


class _Profiles:
    """What each network takes, tried once."""

    def __init__(self, session: Session) -> None:
        self.device, self.threads = session.device, session.request.threads
        self.known: dict[Any, Profile] = {}

    def of_fit(self, task: Fit) -> Profile:
        """The network that a fit fits."""
        return self._of(task.setting.classifier if isinstance(task, FitPredictor) else task.plugin, task.data)

    def _of(self, plugin: Any, data: Data) -> Profile:
        key = (plugin, data.shape, data.classes)
        if key not in self.known:
            try:
                self.known[key] = profiled(plugin, data.shape, data.classes, self.device, self.threads)
            except Exception:  # it refuses the shape, say: its cells will say so
                self.known[key] = Profile()
        return self.known[key]

    def fitting(self, task: Fit) -> float | None:
        """Seconds of the whole fit, with the restorers that run before a classifier."""
        if isinstance(task, FitEstimator):
            windows = task.estimator.windows_seen(task.budget)
            return None if windows is None else BESIDE * windows * self.of_fit(task).training
        images = min(task.budget.train_images or task.data.train, task.data.train)
        a_step = self.of_fit(task).training + self._before(task)
        return BESIDE * images * _epochs(task) * a_step

    def predicting(self, task: FitPredictor) -> float:
        """Seconds an image of everything that a predictor runs."""
        return self.of_fit(task).forwards + self._before(task)

    def _before(self, task: Fit) -> float:
        """Seconds an image of the restorers before the classifier."""
        if not isinstance(task, FitPredictor):
            return 0.0
        steps = task.setting.strategy.at_prediction()
        return sum(self._of(step, task.data).forwards for step in steps if isinstance(step, Restorer))


def _epochs(task: Fit) -> int:
    if isinstance(task, FitRestorer):
        return task.restorer.recipe(task.budget).epochs
    assert isinstance(task, FitPredictor)
    builds_on = any(isinstance(needed, FitPredictor) for needed in task.inputs.values())
    classifier: Classifier = task.setting.classifier
    return classifier.recipe("finetune" if builds_on else "train", task.budget).epochs


# --- what is stored --------------------------------------------------------------------------------------------------


class _Corrections:
    """What stored fits took: seconds an image, plugin by plugin, and of all of this run's beside what was expected."""

    def __init__(self, session: Session, profiles: _Profiles) -> None:
        self.session, self.profiles = session, profiles
        self.rates: dict[str, list[float]] = {}
        taken, count = 0.0, 0
        for metadata in session.store.artifacts.all():
            if (images := metadata["images_seen"]) and metadata["seconds"]:
                self.rates.setdefault(_like(metadata), []).append(metadata["seconds"] / images)
                taken, count = taken + metadata["seconds"], count + 1
        self.basis = (
            f"from {counted(count, 'fit')} stored here"
            if taken > ENOUGH
            else "from a short trial of each network; a run that has fitted something gives a better figure"
        )

    def __call__(self, task: Fit, expected: float | None) -> float | None:
        """Seconds of a fit: at the rate of stored ones of the same plugin, else as expected, set right by all."""
        known = self.rates.get(_like(task.config(lambda plugin: config(self.session.registry, plugin))))
        if known is None or (seen := _images_seen(task)) is None:
            return None if expected is None else expected * self.factor
        return fmean(known) * seen

    @cached_property
    def factor(self) -> float:
        """By how much the stored fits of this run took longer than was expected of them."""
        taken, expected = 0.0, 0.0
        for task in self.session.plan.tasks.values():
            if isinstance(task, Fit) and (metadata := self.session.store.artifact(task.key)) is not None:
                taken += metadata["seconds"]
                expected += self.profiles.fitting(task) or 0.0
        return taken / expected if taken > ENOUGH and expected else 1.0


def _images_seen(task: Fit) -> float | None:
    if isinstance(task, FitEstimator):
        return task.estimator.windows_seen(task.budget)
    return float(min(task.budget.train_images or task.data.train, task.data.train) * _epochs(task))


def _like(metadata: Mapping[str, Any]) -> str:
    """Equal for fits of the same plugins on images of the same data set."""
    content = metadata.get("config", metadata)
    parts = [content.get(name) for name in ("kind", "restorer", "estimator", "strategy", "classifier", "data")]
    return json.dumps(parts, sort_keys=True)
