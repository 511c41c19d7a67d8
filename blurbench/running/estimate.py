"""About how long outstanding tasks take on this machine, and how much disk they fill.

Floating-point operations of one image through each network, times images and epochs, divided by the rate that earlier
fits in the same results folder reached, or, where there are none, that a short trial reaches. Good to a factor of two.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from blurbench.errors import Skip
from blurbench.protocols import Classifier, Restorer
from blurbench.running.session import Session
from blurbench.suites.plan import Task
from blurbench.types import Budget, Shape

__all__ = ["Estimate", "estimate"]

BACKWARD = 3
"""A training step costs about three forward passes."""


@dataclass(frozen=True)
class Estimate:
    """Minutes of wall time with so many workers, MiB of disk, and what the figure rests on."""

    minutes: float
    workers: int
    disk_mib: float
    basis: str


def estimate(session: Session, tasks: Mapping[str, Task]) -> Estimate:
    """Estimate `tasks`; imports torch and builds each network once."""
    sizes = _Networks(session)
    fits = [task for task in tasks.values() if task.kind in ("restorer", "predictor")]
    work = sum(sizes.operations(task.job) for task in fits)
    cells = sum(task.kind == "cell" for task in tasks.values())
    rate, basis = _rate(session, sizes)
    workers = len(session.slots(len(tasks)))
    seconds = (work / rate + 0.6 * cells) / workers
    disk = sum(4 * sizes.of(task.job)[1] for task in fits) + 60_000 * cells
    return Estimate(seconds / 60, workers, disk / 2**20, basis)


class _Networks:
    """Operations and parameters of each network, counted once."""

    def __init__(self, session: Session) -> None:
        self.menu = session.menu
        self.known: dict[str, tuple[int, int]] = {}

    def of(self, job: Mapping[str, Any]) -> tuple[int, int]:
        """Forward operations an image, and parameters."""
        kind = "restorers" if job["kind"] == "restorer" else "classifiers"
        spec = job[kind.removesuffix("s")]
        key = json.dumps([spec, job["data"]["shape"], job["data"]["classes"]])
        if key not in self.known:
            self.known[key] = _count(self.menu.resolve(kind, spec), job["data"])
        return self.known[key]

    def operations(self, job: Mapping[str, Any]) -> float:
        """Of the whole fit. What runs before the network (a restorer, a clean classifier) is not counted."""
        budget = Budget(name="", **job["budget"])
        if job["kind"] == "restorer":
            recipe = self.menu.resolve("restorers", job["restorer"]).recipe(budget)
        else:
            recipe = self.menu.resolve("classifiers", job["classifier"]).recipe("train", budget)
        images = min(budget.train_images or 10**9, job["data"]["train"])
        return float(BACKWARD * self.of(job)[0] * images * recipe.epochs)


def _count(plugin: Classifier | Restorer, data: Mapping[str, Any]) -> tuple[int, int]:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    shape = Shape(*data["shape"])
    try:
        module = plugin.build(shape, data["classes"]) if isinstance(plugin, Classifier) else plugin.build(shape)
    except Skip:
        return 0, 0
    if module is None:
        return 0, 0
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        images = torch.zeros(1, shape.channels, shape.height, shape.width)
        if isinstance(plugin, Classifier):
            module.eval()(images)
        else:
            plugin.restore(images, module.eval())
    return counter.get_total_flops(), sum(parameter.numel() for parameter in module.parameters())


def _rate(session: Session, sizes: _Networks) -> tuple[float, str]:
    """Operations a second of one worker."""
    done = _fits(session)
    seconds = sum(about["seconds"] for about in done)
    if seconds > 20:
        return sum(sizes.operations(about["job"]) for about in done) / seconds, f"from {len(done)} fits stored here"
    return _trial(session), "from a short trial; a run that has fitted something gives a better figure"


def _fits(session: Session) -> list[dict[str, Any]]:
    found: Iterable[dict[str, Any] | None] = (
        session.store.artifact(path.name) for path in (session.store.root / "artifacts").glob("[0-9a-f]*")
    )
    kinds = ("restorer", "predictor")
    return [about for about in found if about is not None and about["images_seen"] and about["kind"] in kinds]


def _trial(session: Session) -> float:
    """Training steps of a small convolution for half a second."""
    import torch

    device = "cuda" if session.device.startswith("cuda") else session.device
    torch.set_num_threads(session.request.threads)
    layer = torch.nn.Conv2d(16, 32, 5, padding=2).to(device)
    images = torch.zeros(64, 16, 14, 14, device=device)
    steps, before = 0, time.perf_counter()
    while time.perf_counter() - before < 0.5:
        layer(images).sum().backward()
        steps += 1
    return BACKWARD * 2 * 64 * 14 * 14 * 25 * 16 * 32 * steps / (time.perf_counter() - before)
