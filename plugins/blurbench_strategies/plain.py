"""Nothing is done about blur: fitted to clean images, asked about whatever comes. Remedies are compared with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blurbench import hookimpl
from blurbench.contract import FitJob, Knows, Strategy

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Plain(Strategy):
    """The baseline. A network that is given (`checkpoint`) is used as it is."""

    def knows(self) -> Knows:
        return "nothing"

    def uses_train_blur(self) -> bool:
        return False

    def requires(self) -> tuple[str, ...]:
        return ("labels", "clean images")

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        from blurbench.training import fit_from_scratch

        assert module is not None
        if job.setting.classifier.is_given:
            return {}
        return fit_from_scratch(module, job, lambda images, epoch: images.images)


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("plain", Plain)
