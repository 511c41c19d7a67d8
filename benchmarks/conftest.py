"""What the suites share: the sizes and families of `blurbench time`, on the device named by BLURBENCH_DEVICE (cpu).

    pip install -e '.[test,peers]' && pytest benchmarks --benchmark-group-by=group

`blurbench time` compares in one process, in turns, and says who is right; these suites are for following one machine
over time with pytest-benchmark's own means (`--benchmark-autosave`, `--benchmark-compare`).
"""

from __future__ import annotations

import os

import pytest
import torch


@pytest.fixture(scope="session")
def device() -> torch.device:
    return torch.device(os.environ.get("BLURBENCH_DEVICE", "cpu"))


def wait(device: torch.device) -> None:
    """Until a GPU has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
