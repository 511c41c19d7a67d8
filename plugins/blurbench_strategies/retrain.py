"""The classifier is fitted anew, to blurred images only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import FitJob, Strategy

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Retrain(Strategy):
    """New random weights, the full schedule, the blur drawn afresh for each epoch."""

    paper: ClassVar[str] = "Zhou, Song, Cheung 2017, re-training"

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        from blurbench.training import fit_from_scratch

        assert module is not None
        return fit_from_scratch(module, job, lambda images, epoch: job.blur(images, epoch).images)


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("retrain", Retrain)
