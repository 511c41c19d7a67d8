"""This process as the one worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from blurbench.registry import Registry
from blurbench.running.in_process import in_process
from blurbench.running.worker import Options


@pytest.mark.parametrize("off", [torch.inference_mode, torch.no_grad])
def test_gradients_are_there_whatever_the_caller_has_turned_off(registry: Registry, tmp_path: Path, off: Any) -> None:
    with off(), in_process([Options(tmp_path, "cpu", 1)], registry) as slots:
        assert slots.numbers() == {0}
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()


def test_settings_of_the_process_are_the_callers_again_in_the_end(registry: Registry, tmp_path: Path) -> None:
    with in_process([Options(tmp_path, "cpu", 1)], registry):
        assert torch.are_deterministic_algorithms_enabled()
        torch.set_default_dtype(torch.float64)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_default_dtype() == torch.float32
