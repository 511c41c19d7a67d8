"""Batch norms use the statistics of each test batch, and their scales and shifts learn to make answers certain.

minimise over scales and shifts the mean of - sum over classes of p log p, one step a batch
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from blurbench import hookimpl
from blurbench.contract import Count, Fitted, Limits, Predictor, Setting, Strategy
from blurbench_strategies.bn_adapt import BnAdapt


@dataclass(frozen=True)
class Tent(BnAdapt):
    """Adapts on unlabelled test images. The answers to a batch are those before its own step, as published; what was
    learned is forgotten between test blurs."""

    paper: ClassVar[str] = "Wang, Shelhamer, Liu, Olshausen, Darrell 2021"

    learning_rate: Annotated[float, Limits(0, 1)] = 1e-3
    """Of Adam."""
    rounds: Annotated[int, Count(1, 100)] = 1
    """Steps on each batch."""

    def __post_init__(self) -> None:
        if self.prior:
            raise ValueError("prior must be 0: entropy is minimised over batches' own statistics")

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        from blurbench_strategies.adapting import EntropyMinimiser

        return EntropyMinimiser(inputs["base"], self.batch, self.learning_rate, self.rounds)


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("tent", Tent)
