"""Probability of the true class less that of the likeliest other: how far an answer is from being wrong, or right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from blurbench import hookimpl
from blurbench.contract import Answered, Metric

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Margin(Metric):
    """From -1, surely wrong, over 0, undecided, to 1, surely right. It falls before labels change, and tells rows apart
    with fewer images than top-1 does."""

    limits: ClassVar[tuple[float, float]] = (-1.0, 1.0)

    def measure(self, answered: Answered) -> torch.Tensor:
        probabilities, true = answered.logits.softmax(dim=1), answered.labels[:, None]
        others = probabilities.scatter(1, true, 0.0).amax(dim=1)
        return probabilities.gather(1, true)[:, 0] - others


@hookimpl
def register_metrics(register: Callable[[str, type[Metric]], None]) -> None:
    register("margin", Margin)
