"""The fast paths are fast: ratios with a wide margin, never seconds, so a busy machine passes and a lost path fails.

Contenders take turns; the fastest of many rounds of each counts, which hardly feels what else the machine does.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from benchmarks.timing.families import case_of
from benchmarks.timing.peers import plain_torch
from benchmarks.timing.rounds import Patience, take_turns
from benchmarks.timing.sizes import Size
from blurbench.contract import Shape
from blurbench.imaging.convolution import convolve

CPU = torch.device("cpu")
SMALL, LARGE = Size("small", 64, Shape(1, 28, 28), 9), Size("large", 2, Shape(3, 224, 224), 31)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Threads that wait for each other feel a busy machine the most."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def times_as_fast(family: str, size: Size) -> float:
    """As torch's grouped convolution."""
    case = case_of(family, size, CPU)
    assert case.kernels is not None
    kernels = case.kernels.flip(-2, -1).contiguous()
    calls = [lambda: convolve(case.images, case.psf), lambda: plain_torch.grouped(case.images, kernels)]
    with torch.inference_mode():
        ours, theirs = take_turns(calls, CPU, Patience(1.0, least=8, most=30))
    return min(theirs) / min(ours)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("family", "size", "least"),
    [
        ("gaussian, sampled sigma", SMALL, 0.8),
        ("gaussian, sampled sigma", LARGE, 3.0),
        ("diagonal line", LARGE, 3.0),
    ],
    ids=["gaussian, small", "gaussian, large", "line, large"],
)
def test_blur_is_not_slower_than_torchs_grouped_convolution(family: str, size: Size, least: float) -> None:
    # Again where the machine was in the way; a path that is lost stays slow.
    assert any(times_as_fast(family, size) >= least for _ in range(3))
