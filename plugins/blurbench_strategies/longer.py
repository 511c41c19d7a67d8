"""The plain network, fitted for longer: what a remedy's further epochs would win without any blur in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from blurbench import hookimpl
from blurbench.contract import Control, Count, FitJob, Strategy
from blurbench_strategies.plain import Plain

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Longer(Plain):
    """A control with matched compute: sharp images only, new weights, one schedule over all epochs. `plain` and then
    `retrain`, `blur-augment` or `distil` take twice the steps of `plain` alone. A network that is given is fitted on
    from its weights, so that there `factor = 1` takes the steps of `retrain`. The control of `first-n` is
    `first-n[on=clean]`."""

    factor: Annotated[int, Count(1, 1000)] = 2
    """Times the epochs of `plain`."""

    def control(self) -> Control:
        return "more steps"

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        from blurbench.training import fit_classifier, recipe_for

        assert module is not None
        setting, recipe = job.setting, recipe_for(job.setting, "train")
        setting.classifier.prepare(module, job.train.images)
        return fit_classifier(
            module,
            lambda epoch: job.train.images,
            job.train.labels,
            replace(recipe, epochs=self.factor * recipe.epochs),
            setting.seed,
            (job.validation.images, job.validation.labels),
        )


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("longer", Longer)
