"""About how long the outstanding tasks of a suite of estimators take on this machine.

A fit takes what stored fits of the same estimator took for an epoch, else what its network takes for the windows that
it sees. A cell takes what its estimator takes for a part of a picture, times pictures and their pixels. Good to a
factor of two or three.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from blurbench.contract import Budget, Estimator, Shape
from blurbench.running.estimation_session import EstimationSession
from blurbench.running.forecast import BESIDE, TEST_SHARE, Forecast
from blurbench.running.trial import shortest, tried
from blurbench.suites.plan import Task

__all__ = ["forecast_estimators"]

SIDE = 96
"""Pixels of the part of a picture that an estimator is tried on."""


def forecast_estimators(session: EstimationSession, tasks: Mapping[str, Task]) -> Forecast | None:
    """What `tasks` take; imports torch, and tries each estimator once. None where an estimator does not tell what a
    fit sees, and none like it was fitted in this results folder."""
    known = _stored(session)
    device, threads = session.device, session.request.threads
    seconds, weight = 0.0, 0
    cells: dict[str, float] = {}
    for task in tasks.values():
        spec = task.job["estimator"]
        estimator: Estimator = session.registry.resolve("estimators", spec)
        if task.kind == "estimator":
            taken = _fit(estimator, task.job, known, device, threads)
            if taken is None:
                return None
            seconds += taken
            module = estimator.build()
            weight += 4 * sum(one.numel() for one in module.parameters()) if module is not None else 0
        else:
            key = json.dumps([spec, task.job["stride"]])
            if key not in cells:
                cells[key] = _of_a_pixel(estimator, task.job["stride"], device, threads)
            seconds += cells[key] * _pixels(task.job)
            weight += 300_000
    workers = len(session.slots(len(tasks)))
    basis = "from fits stored here and a short trial" if known else "from a short trial of each estimator"
    return Forecast(seconds / workers / 60, workers, weight / 2**20, basis)


def _stored(session: EstimationSession) -> dict[str, float]:
    """Seconds of an epoch by estimator."""
    found = {}
    for path in (session.store.root / "artifacts").glob("[0-9a-f]*"):
        about = session.store.artifact(path.name)
        if about is not None and about["kind"] == "estimator":
            epochs = Budget(name="", **about["job"]["budget"]).epochs
            found[json.dumps(about["job"]["estimator"])] = about["seconds"] / epochs
    return found


def _fit(
    estimator: Estimator, job: Mapping[str, Any], known: Mapping[str, float], device: str, threads: int
) -> float | None:
    budget = Budget(name="", **job["budget"])
    if (spec := json.dumps(job["estimator"])) in known:
        return known[spec] * budget.epochs
    if (windows := estimator.windows_seen(budget)) is None:
        return None
    shape = Shape(1, estimator.window, estimator.window)
    return BESIDE * windows * tried(estimator, shape, 0, device, threads).training


def _of_a_pixel(estimator: Estimator, stride: int, device: str, threads: int) -> float:
    """Seconds."""
    import torch

    side = max(SIDE, estimator.window)
    module = estimator.build() if estimator.trainable else None
    if module is not None:
        module.eval().to(device)
    images = torch.rand(1, 1, side, side, device=device)
    with torch.inference_mode():
        return shortest(lambda: estimator.sigma_map(images.clone(), module, stride), device, threads) / side**2


def _pixels(job: Mapping[str, Any]) -> float:
    _, height, width = job["data"]["shape"]
    pictures = job["test_images"] or job["data"]["train"] / TEST_SHARE
    return float(height * width * pictures)
