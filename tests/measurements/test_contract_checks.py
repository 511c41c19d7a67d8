"""What fitted plugins gave, refused in one line where it is received."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from blurbench.contract import Output
from blurbench.errors import NotFinite, PluginError
from blurbench.measurements.contract_checks import check_module, check_output, check_predictor, plain_notes

IMAGES = torch.zeros(2, 1, 4, 4)
LOGITS = torch.zeros(2, 3)


def test_numbers_of_numpy_and_torch_become_pythons() -> None:
    notes = plain_notes("x", {"losses": np.array([1.0, 2.0]), "best": torch.tensor(3), "steps": np.int64(4)})
    assert notes == {"losses": [1.0, 2.0], "best": 3, "steps": 4}


@pytest.mark.parametrize(
    ("notes", "says"),
    [
        (None, "wanted its notes"),
        ({"curve": object()}, "the notes of a fit must be JSON"),
        ({"steps": -1}, "noted steps = -1, wanted a number"),
        ({"images_seen": math.inf}, "noted images_seen = inf"),
        ({"steps": "many"}, "noted steps = 'many'"),
    ],
)
def test_notes_that_no_cost_can_be_told_from_are_refused(notes: Any, says: str) -> None:
    with pytest.raises(PluginError, match=f"^x: .*{says}"):
        plain_notes("x", notes)


def test_a_network_and_a_predictor_are_what_they_are_called() -> None:
    check_module("x", None)
    check_module("x", nn.Identity())
    with pytest.raises(PluginError, match=r"^x: build\(\) gave .*, wanted a torch\.nn\.Module"):
        check_module("x", nn.Identity)
    with pytest.raises(PluginError, match=r"^x: predictor\(\) gave .*, wanted a Predictor"):
        check_predictor("x", nn.Identity())


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (LOGITS, "wanted blurbench.contract.Output"),
        (Output(LOGITS[:1]), r"logits have the shape \(1, 3\), expected \(2, 3\)"),
        (Output(LOGITS, restored=IMAGES[:, :, :2]), "x, restoring,"),
        (Output(LOGITS, observations={"sigma": torch.zeros(1)}), "observation 'sigma'"),
    ],
)
def test_what_is_no_prediction_for_these_images_is_refused(output: Any, says: str) -> None:
    with pytest.raises(PluginError, match=says):
        check_output("x", output, IMAGES, 3)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (Output(LOGITS / 0), "the predictor gave NaN"),
        (Output(LOGITS, restored=IMAGES / 0), "the restorer gave NaN"),
        (Output(LOGITS, observations={"sigma": torch.full((2,), math.inf)}), "observed NaN or infinity as 'sigma'"),
    ],
)
def test_what_is_no_number_is_told_from_what_is_no_prediction(output: Output, says: str) -> None:
    with pytest.raises(NotFinite, match=says):
        check_output("x", output, IMAGES, 3)
