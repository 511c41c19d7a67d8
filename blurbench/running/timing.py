"""Milliseconds an image: how long one prediction pipeline takes, alone on the machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch

from blurbench.contract import Degraded, DensePsf, Predictor
from blurbench.matrix.tasks import TimePipeline
from blurbench.measurements.at_once import at_once
from blurbench.measurements.counting import peak_memory
from blurbench.running.images import CHUNK
from blurbench.store.provenance import processor
from blurbench.store.record import Timing

__all__ = ["time_pipeline"]

SECONDS, LEAST, MOST = 0.4, 5, 50
"""Rounds are taken for this long, but at least and at most so many, after two that only warm up."""
LONG, FEW = 1.0, 3
"""Rounds of more seconds are even in themselves: so many will do, after one."""


def time_pipeline(task: TimePipeline, predictor: Predictor, images: torch.Tensor, device: torch.device) -> Timing:
    """Time a predictor on 1 and on 256 real test images, in the batches that it declares, after warm-up."""
    images = images.repeat(-(-CHUNK // len(images)), 1, 1, 1)[:CHUNK]
    with nullcontext() if predictor.gradients else torch.inference_mode():
        single = _rounds(device, predictor, images[:1], task.is_oracle)
        full = _rounds(device, predictor, images, task.is_oracle)
        memory = peak_memory(device, _prediction(predictor, images, task.is_oracle))
    return Timing(
        key=task.key,
        what=task.what,
        device=str(device),
        threads=torch.get_num_threads(),
        rounds=len(full),
        batch_1_ms=statistics.median(single),
        batch_1_iqr_ms=_iqr(single),
        batch_256_ms=statistics.median(full) / CHUNK,
        batch_256_iqr_ms=_iqr(full) / CHUNK,
        peak_memory_bytes=memory,
        machine=processor(),
    )


def _rounds(device: torch.device, predictor: Predictor, images: torch.Tensor, is_oracle: bool) -> list[float]:
    """Milliseconds of each round."""
    predict = _prediction(predictor, images, is_oracle)
    predictor.start()
    rounds: list[float] = []
    end = time.perf_counter() + SECONDS
    while not _are_enough(rounds, time.perf_counter() >= end):
        rounds.append(_milliseconds(device, predict))
    return rounds[1 if _are_long(rounds) else 2 :]


def _are_enough(rounds: list[float], is_late: bool) -> bool:
    if _are_long(rounds):
        return len(rounds) > FEW
    return len(rounds) >= LEAST + 2 and (is_late or len(rounds) >= MOST)


def _are_long(rounds: list[float]) -> bool:
    """Whether even the shortest one is; the first alone may be long for another reason."""
    return len(rounds) > 1 and min(rounds) > LONG * 1e3


def _prediction(predictor: Predictor, images: torch.Tensor, is_oracle: bool) -> Callable[[], None]:
    """What a round is: the images in the batches that a cell's would come in."""
    size = at_once(predictor, images.shape[1:], images.device) or len(images)
    parts = [_degraded(part, is_oracle) for part in torch.split(images, size)]

    def predict() -> None:
        for part in parts:
            predictor.predict(part)

    return predict


def _degraded(images: torch.Tensor, is_oracle: bool) -> Degraded:
    """A small blur and noise where a deconvolver is given them: it has real work to do."""
    if not is_oracle:
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
