"""Blurring every image with its own kernel: blurbench and every installed peer, family by family, size by size."""

from __future__ import annotations

from functools import cache

import pytest
import torch

from benchmarks.conftest import wait
from benchmarks.timing import peers
from benchmarks.timing.families import Case, case_of
from benchmarks.timing.peers import Contender
from benchmarks.timing.sizes import CPU, FAMILIES, SIZES
from blurbench.imaging.convolution import convolve


@cache
def case(family: str, size: str, device: torch.device) -> tuple[Case, dict[str, Contender]]:
    """A case and its contenders; the last one is kept."""
    case.cache_clear()
    made = case_of(family, SIZES[size], device)
    ours = Contender("blurbench", lambda: convolve(made.images, made.psf))
    return made, {contender.name.split()[0]: contender for contender in (*peers.contenders(made), ours)}


@pytest.mark.parametrize("who", ["blurbench", *(library.name for library in peers.LIBRARIES)])
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", CPU)
def test_blur(benchmark, size: str, family: str, who: str, device: torch.device) -> None:  # type: ignore[no-untyped-def]
    contenders = case(family, size, device)[1]
    if who not in contenders:
        pytest.skip(f"{who} is not installed or has no such blur")
    benchmark.group = f"{size} {family}"

    def call() -> None:
        contenders[who].run()
        wait(device)

    with torch.inference_mode():
        benchmark.pedantic(call, warmup_rounds=1, rounds=5)
