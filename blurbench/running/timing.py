"""Milliseconds an image: how long one prediction pipeline takes, alone on the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

import torch

from blurbench.contract import Degraded, DensePsf, Predictor
from blurbench.errors import Skip
from blurbench.results.provenance import processor
from blurbench.results.record import Timing
from blurbench.running.counting import peak_memory
from blurbench.running.evaluate import predictor_of
from blurbench.running.images import CHUNK
from blurbench.running.workshop import Workshop

__all__ = ["time_pipeline"]

SECONDS, LEAST, MOST = 0.4, 5, 50
"""Rounds are taken for this long, but at least and at most so many."""


def time_pipeline(workshop: Workshop, job: Mapping[str, Any]) -> Timing:
    """Time a predictor at batch 1 and batch 256 on real test images, after warm-up."""
    fitted = [candidate for candidate in job["predictors"] if workshop.store.has_artifact(candidate["key"])]
    if not fitted:
        raise Skip("none of its predictors could be fitted")
    predictor = predictor_of(workshop, fitted[0])
    images = workshop.part(fitted[0]["data"]["key"], "test", CHUNK).images
    images = images.repeat(-(-CHUNK // len(images)), 1, 1, 1)[:CHUNK]
    with nullcontext() if predictor.gradients else torch.inference_mode():
        single = _rounds(workshop.device, predictor, images[:1], job["told"])
        full = _rounds(workshop.device, predictor, images, job["told"])
        degraded = _degraded(images, job["told"])
        memory = peak_memory(workshop.device, lambda: predictor.predict(degraded))
    return Timing(
        key=job["key"],
        what=job["what"],
        device=str(workshop.device),
        threads=torch.get_num_threads(),
        rounds=len(full),
        batch_1_ms=statistics.median(single),
        batch_1_iqr_ms=_iqr(single),
        batch_256_ms=statistics.median(full) / CHUNK,
        batch_256_iqr_ms=_iqr(full) / CHUNK,
        peak_memory_bytes=memory,
        machine=processor(),
    )


def _rounds(device: torch.device, predictor: Predictor, images: torch.Tensor, told: bool) -> list[float]:
    """Milliseconds of each round, the first two left out."""
    degraded = _degraded(images, told)
    predictor.start()
    rounds: list[float] = []
    end = time.perf_counter() + SECONDS
    while len(rounds) < LEAST + 2 or (time.perf_counter() < end and len(rounds) < MOST):
        rounds.append(_milliseconds(device, lambda: predictor.predict(degraded)))
    return rounds[2:]


def _degraded(images: torch.Tensor, told: bool) -> Degraded:
    """A small blur and noise where a deconvolver is told of them: it has real work to do."""
    if not told:
        return Degraded(images, None)
    psf = torch.ones(len(images), 3, 3, dtype=torch.float64, device=images.device) / 9
    return Degraded(images, DensePsf(psf), 0.01)


def _milliseconds(device: torch.device, call: Callable[[], Any]) -> float:
    _synchronise(device)
    before = time.perf_counter()
    call()
    _synchronise(device)
    return (time.perf_counter() - before) * 1e3


def _synchronise(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _iqr(values: list[float]) -> float:
    low, _, high = statistics.quantiles(values, n=4)
    return high - low
