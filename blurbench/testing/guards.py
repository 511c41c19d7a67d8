"""What a plugin must leave alone, and what it must answer whatever else is in the batch."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from blurbench.testing.report import Report

__all__ = ["check_rows", "equal_states", "frozen_state", "is_reading", "undisturbed"]

T = TypeVar("T")

CLOSE = 1e-4
"""Up to so much the answer for an image may depend on how many others were asked about with it: other batch sizes add
up in another order."""

SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "torch's default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "torch's number of threads": (torch.get_num_threads, torch.set_num_threads),
    "torch's gradient mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "torch's deterministic mode": (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    "torch's float32 precision": (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    "cudnn.benchmark": (
        lambda: torch.backends.cudnn.benchmark,
        lambda value: setattr(torch.backends.cudnn, "benchmark", value),
    ),
    "the working directory": (os.getcwd, os.chdir),
}
"""How to read and to restore what belongs to the whole process."""

GENERATORS: dict[str, tuple[Callable[[], Any], Callable[[Any], object]]] = {
    "Python's random": (random.getstate, random.setstate),
    "numpy.random": (lambda: np.random.get_state(legacy=False), np.random.set_state),
    "torch's global generator": (torch.get_rng_state, torch.set_rng_state),
}


@contextmanager
def undisturbed(report: Report, what: str, may_draw: bool = False) -> Iterator[None]:
    """Note and undo every change of what belongs to the whole process. Fits and builds `may_draw` from the global
    generators, which the framework seeds before."""
    settings = {name: read() for name, (read, _) in SETTINGS.items()}
    states = {name: read() for name, (read, _) in GENERATORS.items()}
    try:
        yield
    finally:
        for name, (read, write) in SETTINGS.items():
            problem, remedy = f"{what} changed {name}", "leave what belongs to the whole process as it is"
            if not report.expect(read() == settings[name], problem, remedy):
                write(settings[name])
        for name, (read, write) in GENERATORS.items():
            problem = f"{what} drew from {name}, which nobody seeds here"
            remedy = "draw from the draws, or from a generator of your own with a fixed seed"
            if not report.expect(may_draw or _same(read(), states[name]), problem, remedy):
                write(states[name])


def _same(one: Any, other: Any) -> bool:
    """Whether two states of a generator are equal."""
    if isinstance(one, Tensor):
        return torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    if isinstance(one, dict):
        return all(_same(one[key], other[key]) for key in one)
    if isinstance(one, tuple):
        return all(map(_same, one, other))
    return bool(one == other)


def tensors_of(value: Any) -> list[Tensor]:
    """The tensors of an image set, degraded images or a tuple of such, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, tuple):
        return [tensor for item in value for tensor in tensors_of(item)]
    if is_dataclass(value):
        return [tensor for item in fields(value) for tensor in tensors_of(getattr(value, item.name))]
    return []


@contextmanager
def is_reading(report: Report, what: str, given: Any) -> Iterator[None]:
    """Note a change in place of the tensors that a plugin was given."""
    before = [tensor.clone() for tensor in tensors_of(given)]
    yield
    unchanged = all(map(torch.equal, before, tensors_of(given)))
    report.expect(unchanged, f"{what} changed in place what it was given", "work on a clone()")


def check_rows(
    report: Report,
    what: str,
    take: Callable[[Tensor], T],
    ask: Callable[[T], Tensor],
    count: int,
    inference: bool = True,
    apart: bool = True,
) -> Tensor | None:
    """Ask about `count` images at once, again, in another order and one by one: the answers (count, ...), or None where
    there are none. `take(rows)` makes what `ask` is given; `apart` is False where answers may depend on the batch."""

    def answers(rows: Tensor, may_draw: bool = False) -> Tensor:
        given = take(rows)
        quiet = torch.inference_mode() if inference else nullcontext()
        with undisturbed(report, what, may_draw), is_reading(report, what, given), quiet:
            return ask(given).clone()

    rows = torch.arange(count)
    with report.trying(what):
        first = answers(rows, may_draw=True)  # some libraries draw when they are imported, which happens here
        finite = bool(torch.isfinite(first).all())
        if not report.expect(finite, f"{what} gave NaN or infinity", "find what divides by zero or overflows"):
            return None
        report.expect(
            torch.equal(first, answers(rows)),
            f"{what} gave another answer when asked again",
            "take random numbers from what you are given alone, and keep no state between calls",
        )
        if apart:
            _check_apart(report, what, answers, first)
        return first
    return None


def _check_apart(report: Report, what: str, answers: Callable[[Tensor], Tensor], first: Tensor) -> None:
    rows = torch.arange(len(first))
    backwards = answers(rows.flip(0)).flip(0)
    alone = torch.cat([answers(row[None]) for row in rows[:3]])
    for other, same, how in ((backwards, first, "the order of the batch"), (alone, first[:3], "the rest of the batch")):
        worst = float((other - same).abs().max())
        report.expect(
            worst <= CLOSE * max(1.0, float(first.abs().max())),
            f"{what}: the answer for an image depends on {how} (by {worst:.2g})",
            "treat each image by itself: no statistics over the batch, no randomness by position",
        )


def frozen_state(module: nn.Module | None) -> dict[str, Tensor]:
    """A copy of all parameters and buffers, those that are not stored included."""
    if module is None:
        return {}
    named = [*module.named_parameters(), *module.named_buffers()]
    return {name: value.detach().clone() for name, value in named}


def equal_states(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Whether two copies are equal, bit by bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
