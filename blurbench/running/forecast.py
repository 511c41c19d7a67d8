"""About how long outstanding tasks take on this machine, and how much disk they fill.

Every network runs here once on a few images. That gives the seconds an image, for the whole of a restorer whatever it
computes; times images and epochs they give the seconds of a fit, set right by what fits of the same restorer or
strategy took that are stored in the results folder, or by what all of them took. A cell takes what stored ones of the
same row took, else what its networks take for its images. Good to a factor of two.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from blurbench.contract import Budget, Restorer, Shape
from blurbench.errors import BlurbenchError
from blurbench.registry import spec
from blurbench.running.session import Session
from blurbench.running.trial import Trial, tried
from blurbench.suites.plan import Task

__all__ = ["BESIDE", "TEST_SHARE", "Forecast", "forecast"]

BESIDE = 1.6
"""What a fit takes beside its networks, as a factor: blur, optimiser, validation, other workers on the same memory."""
CELL = 0.6
"""Seconds of a cell beside its networks: blur, scores, storing."""
TIMING, TIMED_IMAGES = 1.0, 1_800
"""Seconds of a timing, and the images that it predicts beside."""
TEST_SHARE = 5
"""Training images for each test image, where the budget takes all that there are."""


@dataclass(frozen=True)
class Forecast:
    """Minutes of wall time with so many workers, MiB of disk, and what the figure rests on."""

    minutes: float
    workers: int
    disk_mib: float
    basis: str


def forecast(session: Session, tasks: Mapping[str, Task]) -> Forecast:
    """What `tasks` take; imports torch, builds each network once and runs it on a few images."""
    networks = _Networks(session)
    fits = [task.job for task in tasks.values() if task.kind in ("restorer", "predictor")]
    cells = [task.job for task in tasks.values() if task.kind == "cell"]
    corrections = _Corrections(networks, list(_stored(session)))
    cell = _Cells(session, networks)
    workers = len(session.slots(len(tasks)))
    seconds = (sum(corrections(job) * networks.fitting(job) for job in fits) + sum(map(cell, cells))) / workers
    for task in tasks.values():
        if task.kind == "timing":  # one at a time
            seconds += TIMING + TIMED_IMAGES * networks.predicting(task.job["predictors"][0])
    disk = sum(4 * networks.fitted_by(job).parameters for job in fits) + 60_000 * len(cells)
    return Forecast(seconds / 60, workers, disk / 2**20, corrections.basis)


# --- networks --------------------------------------------------------------------------------------------------------


class _Networks:
    """What each network takes, tried once."""

    def __init__(self, session: Session) -> None:
        self.registry, self.device, self.threads = session.registry, session.device, session.request.threads
        self.known: dict[str, Trial] = {}

    def fitted_by(self, job: Mapping[str, Any]) -> Trial:
        """The network that a job fits."""
        return self._of("restorer" if job["kind"] == "restorer" else "classifier", job)

    def _of(self, kind: str, job: Mapping[str, Any]) -> Trial:
        return self._tried(self.registry.resolve(f"{kind}s", job[kind]), job[kind], job["data"])

    def _tried(self, plugin: Any, named: Any, data: Mapping[str, Any]) -> Trial:
        key = json.dumps([named, data["shape"], data["classes"]])
        if key not in self.known:
            try:
                self.known[key] = tried(plugin, Shape(*data["shape"]), data["classes"], self.device, self.threads)
            except Exception:  # it refuses the shape, say: its cells will say so
                self.known[key] = Trial()
        return self.known[key]

    def fitting(self, job: Mapping[str, Any]) -> float:
        """Seconds of the whole fit, with the restorers that run before a classifier."""
        budget = Budget(name="", **job["budget"])
        if job["kind"] == "restorer":
            recipe = self.registry.resolve("restorers", job["restorer"]).recipe(budget)
        else:
            builds_on = any(one["kind"] == "predictor" for one in job["inputs"].values())
            classifier = self.registry.resolve("classifiers", job["classifier"])
            recipe = classifier.recipe("finetune" if builds_on else "train", budget)
        images = min(budget.train_images or 10**9, job["data"]["train"])
        return float(BESIDE * images * recipe.epochs * (self.fitted_by(job).training + self._before(job)))

    def predicting(self, job: Mapping[str, Any]) -> float:
        """Seconds an image of everything that a predictor runs."""
        return self.fitted_by(job).forwards + self._before(job)

    def _before(self, job: Mapping[str, Any]) -> float:
        """Seconds an image of the restorers before the classifier."""
        if job["kind"] == "restorer":
            return 0.0
        steps = self.registry.resolve("strategies", job["strategy"]).at_prediction()
        restorers = [one for one in steps if isinstance(one, Restorer)]
        return sum(self._tried(one, spec(self.registry, one), job["data"]).forwards for one in restorers)


# --- what is stored --------------------------------------------------------------------------------------------------


class _Corrections:
    """Factors between what fits took and what was expected of them."""

    def __init__(self, networks: _Networks, stored: Iterable[Mapping[str, Any]]) -> None:
        self.known: dict[str, tuple[float, float]] = {}
        taken = expected = 0.0
        count = 0
        for about in stored:
            try:
                ours = networks.fitting(about["job"])
            except BlurbenchError:  # of a plugin that is not installed any more
                continue
            before = self.known.get(_like(about["job"]), (0.0, 0.0))
            self.known[_like(about["job"])] = (before[0] + about["seconds"], before[1] + ours)
            taken, expected, count = taken + about["seconds"], expected + ours, count + 1
        self.overall = taken / expected if taken > 20 and expected else 1.0
        self.basis = (
            f"from {count} fits stored here"
            if taken > 20
            else "from a short trial of each network; a run that has fitted something gives a better figure"
        )

    def __call__(self, job: Mapping[str, Any]) -> float:
        taken, expected = self.known.get(_like(job), (0.0, 0.0))
        return taken / expected if expected > 1 else self.overall


def _like(job: Mapping[str, Any]) -> str:
    return json.dumps(job["restorer"] if job["kind"] == "restorer" else job["strategy"])


def _stored(session: Session) -> Iterator[Mapping[str, Any]]:
    for path in (session.store.root / "artifacts").glob("[0-9a-f]*"):
        about = session.store.artifact(path.name)
        if about is not None and about["kind"] in ("restorer", "predictor"):
            yield about


class _Cells:
    """Seconds of a cell."""

    def __init__(self, session: Session, networks: _Networks) -> None:
        self.networks = networks
        taken: dict[str, list[float]] = {}
        for record in session.records.values():
            if record.cost is not None:
                row = _row(record.model_dump(include={"dataset", "classifier", "strategy"}))
                taken.setdefault(row, []).append(record.cost.evaluate_seconds)
        self.known = {row: fmean(seconds) for row, seconds in taken.items()}

    def __call__(self, job: Mapping[str, Any]) -> float:
        row = _row(job["record"])
        if row in self.known:
            return self.known[row]
        images = job["test_images"] or job["predictor"]["data"]["train"] / TEST_SHARE
        return float(CELL + images * self.networks.predicting(job["predictor"]))


def _row(parts: Mapping[str, Any]) -> str:
    return json.dumps([parts[name]["label"] for name in ("dataset", "classifier", "strategy")])
