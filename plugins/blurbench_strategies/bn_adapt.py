"""Batch norms take their statistics from the unlabelled test images that come, mixed with those of the fit.

mean = (prior mean_fit + n mean_batch) / (prior + n), the variance alike, for each batch of n images
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import (
    Count,
    FitJob,
    Fitted,
    Knows,
    Limits,
    Need,
    Predictor,
    PredictorNeed,
    Ref,
    Setting,
    Strategy,
)
from blurbench_strategies.plain import Plain

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class BnAdapt(Strategy):
    """Fits nothing and knows no blur, but adapts on unlabelled test images: each batch of the stream is normalised by
    what is in it. With `prior = 0` by that alone, with a large one by the fit's statistics alone."""

    paper: ClassVar[str] = "Schneider, Rusak, Eck, Bringmann, Brendel, Bethge 2020; Nado et al. 2020"

    base: Ref[Strategy] = Plain()  # noqa: RUF009 - frozen
    """What is adapted, restorers before it included."""
    prior: Annotated[float, Limits(0, 1_000_000)] = 0.0
    """How many images the statistics of the fit count for."""
    batch: Annotated[int, Count(1, 100_000)] = 64
    """Images at a time."""

    def knows(self) -> Knows:
        return self.base.knows()

    def uses_train_blur(self) -> bool:
        return self.base.uses_train_blur()

    def requires(self) -> tuple[str, ...]:
        return (*self.base.requires(), "unlabelled test images")

    def skip(self, setting: Setting) -> str | None:
        return self.base.skip(setting)

    def around_given(self) -> Strategy:
        return replace(self, base=self.base.around_given())

    def needs(self, setting: Setting) -> Mapping[str, Need]:
        return {"base": PredictorNeed(self.base)}

    def build(self, setting: Setting) -> nn.Module | None:
        return None

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        """Raises Skip where there is no batch norm."""
        from blurbench_strategies.adapting import norms_of

        predictor = job.inputs["base"].predictor
        norms_of(predictor.logits_network() if predictor else None)
        return {}

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        from blurbench_strategies.adapting import BatchStatistics

        return BatchStatistics(inputs["base"], self.batch, self.prior)


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("bn-adapt", BnAdapt)
