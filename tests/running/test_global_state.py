"""What a call into plugin code must leave as it was."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ImageFile

from blurbench.running.global_state import SETTINGS, guarded

CHANGES: dict[str, Callable[[], object]] = {
    "the default dtype": lambda: torch.set_default_dtype(torch.float64),
    "gradient mode": lambda: torch.set_grad_enabled(False),
    "the number of threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "cuDNN's choice of algorithms": lambda: setattr(
        torch.backends.cudnn, "benchmark", not torch.backends.cudnn.benchmark
    ),
    "the hooks of all modules": lambda: torch.nn.modules.module.register_module_forward_hook(lambda *_: None),
    "numpy's handling of floating-point errors": lambda: np.seterr(divide="raise"),
    "warnings that are errors": lambda: warnings.simplefilter("error", ResourceWarning),
    "the pictures that Pillow takes": lambda: setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True),
    "the rights of new files": lambda: os.umask(0o007),
    "the working directory": lambda: os.chdir("/"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_is_put_back_and_named(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    read, changed = SETTINGS[name][0], list[str]()
    before = read()
    with guarded(changed):
        CHANGES[name]()
        assert read() != before
    assert read() == before
    assert changed == [name]


def test_what_fails_leaves_nothing_changed_either() -> None:
    changed: list[str] = []

    def fail() -> None:
        with guarded(changed):
            torch.set_default_dtype(torch.float64)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (torch.get_default_dtype(), changed) == (torch.float32, ["the default dtype"])


def test_where_nothing_was_changed_nothing_is_named() -> None:
    changed: list[str] = []
    with guarded(changed):
        torch.zeros(3).sum()
    assert changed == []
