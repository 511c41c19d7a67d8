"""What fitted strategies, restorers and predictors gave, checked where it is received, as in `imaging.received`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from blurbench.contract import Output, Predictor
from blurbench.errors import NotFinite, PluginError
from blurbench.imaging.received import check_images, check_shape, shown

__all__ = ["check_module", "check_output", "check_predictor", "plain_notes"]

COUNTS = ("images_seen", "steps")
"""Notes that the cost of a fit is told from."""


def check_module(who: str, given: Any) -> None:
    """Refuse what `build` must not give."""
    if not (given is None or isinstance(given, nn.Module)):
        raise PluginError(f"{who}: build() gave {shown(given)}, wanted a torch.nn.Module, or None without a network")


def plain_notes(who: str, given: Any) -> dict[str, Any]:
    """The notes of a fit as JSON has them; numbers and arrays of numpy and torch become Python's."""
    if not isinstance(given, Mapping):
        raise PluginError(
            f"{who}: fit() gave {shown(given)}, wanted its notes: what fit_classifier returns, say, or {{}}"
        )
    try:
        found: dict[str, Any] = json.loads(json.dumps(dict(given), default=lambda value: value.tolist()))
    except (AttributeError, TypeError, ValueError) as error:
        raise PluginError(f"{who}: the notes of a fit must be JSON: {error}") from None
    for name in COUNTS:
        value = found.get(name, 0)
        if not (isinstance(value, int | float) and 0 <= value < math.inf):
            raise PluginError(f"{who}: fit() noted {name} = {value!r:.60}, wanted a number")
    return found


def check_predictor(who: str, given: Any) -> None:
    """Refuse what `predictor` must not give."""
    if not isinstance(given, Predictor):
        raise PluginError(f"{who}: predictor() gave {shown(given)}, wanted a Predictor of blurbench.contract")


def check_output(who: str, given: Any, images: torch.Tensor, classes: int) -> None:
    """Refuse what is no prediction for `images` (N, C, H, W). Raises NotFinite for NaN or infinity."""
    if not isinstance(given, Output):
        raise PluginError(f"{who}: predict() gave {shown(given)}, wanted blurbench.contract.Output(logits)")
    wanted = (len(images), classes)
    if not isinstance(given.logits, torch.Tensor):
        raise PluginError(f"{who}: predict() gave {shown(given.logits)} as logits, wanted a tensor {wanted}")
    if given.logits.shape != wanted:
        raise PluginError(f"logits have the shape {tuple(given.logits.shape)}, expected {wanted}")
    if not torch.isfinite(given.logits).all():
        raise NotFinite("the predictor gave NaN or infinity")
    if given.restored is not None:
        check_images(f"{who}, restoring,", given.restored, images)
        if not torch.isfinite(given.restored).all():
            raise NotFinite("the restorer gave NaN or infinity")
    if not isinstance(given.observations, Mapping):
        raise PluginError(f"{who}: predict() gave {shown(given.observations)} as observations, wanted a mapping")
    for name, values in given.observations.items():
        check_shape(f"{who}: predict()", f"observation {name!r:.60}", values, (len(images),))
        if not torch.isfinite(values).all():
            raise NotFinite(f"{who} observed NaN or infinity as {name!r:.60}")
