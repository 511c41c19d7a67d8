"""Blurring every image with its own kernel: `imaging.convolution` beside the peers, results compared first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from benchmarks.timing.families import Case, case_of
from benchmarks.timing.machine import Bystanders
from benchmarks.timing.peers import Contender, contenders
from benchmarks.timing.results import OURS, PLAIN, Group, row_of
from benchmarks.timing.rounds import Patience, seconds_of, take_turns
from benchmarks.timing.sizes import Size
from benchmarks.timing.truth import AGREE, Truth
from blurbench.errors import BlurbenchError
from blurbench.imaging import native
from blurbench.imaging.convolution import convolve

__all__ = ["SECTION", "blur_group"]

SECTION = "blur"


def blur_group(family: str, size: Size, device: torch.device, patience: Patience) -> Group:
    """Time one family at one size. Raises BlurbenchError where blurbench's own result is wrong."""
    with torch.inference_mode():
        case = case_of(family, size, device)
        bystanders = Bystanders()
        taking_part, differences, first = _compared(case)
        spent = take_turns([contender.run for contender in taking_part], device, patience, first)
    rows = tuple(
        row_of(contender.name, seconds, difference, _remark(contender, difference))
        for contender, seconds, difference in zip(taking_part, spent, differences, strict=True)
    )
    moved = 2 * case.images.nbytes
    return Group(SECTION, family, size.name, size.images, rows, bytes=moved, others=bystanders.cores() or 0.0)


def _compared(case: Case) -> tuple[list[Contender], list[float], list[float]]:
    """Run everyone once: that is the warm-up, takes so many seconds, and tells whose result is right."""
    truth = Truth(case)
    taking_part, differences, first = [], [], []
    ours = list(_ours(case))
    for contender in (*ours, *contenders(case)):
        results: list[Any] = []
        try:
            seconds = seconds_of(lambda: results.append(contender.run()), case.images.device)  # noqa: B023
            difference = truth.difference(contender.read(results.pop()))
        except torch.cuda.OutOfMemoryError:
            if contender in ours:
                raise
            continue  # a peer that needs more memory than there is
        taking_part.append(contender)
        differences.append(difference)
        first.append(seconds)
    if max(differences[: len(ours)]) > AGREE:
        raise BlurbenchError(
            f"the blur of {case.family!r} at size {case.size.name} is off by {max(differences[: len(ours)]):.2g}: that "
            "is a bug in blurbench, please report it; `--family` and `--sizes` time the rest"
        )
    return taking_part, differences, first


def _ours(case: Case) -> Iterator[Contender]:
    """The public entry, as it is here and as it is where there is no compiler."""

    def blur() -> torch.Tensor:
        return convolve(case.images, case.psf)

    yield Contender(OURS, blur)
    if _few(case) if case.images.is_cuda else native.library("convolution") is not None:
        yield Contender(PLAIN, _without_compiler(blur))


def _few(case: Case) -> bool:
    """Whether the plain path, which starts a kernel for each image and tap on a GPU, is done soon."""
    return len(case.images) <= 256


def _without_compiler(call: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
    def plain() -> torch.Tensor:
        with _environment("BLURBENCH_NATIVE", "0"):
            return call()

    return plain


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _remark(contender: Contender, difference: float) -> str:
    if difference <= AGREE:
        return ""
    return contender.remark or "another result, for a reason that is not known"
