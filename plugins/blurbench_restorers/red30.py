"""min over theta of the mean of (network_theta(blurred) - clean)^2, the network 30 convolutions with sums across."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import Budget, Count, Deconvolver, Recipe, Restorer, RestorerJob, Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Red30(Restorer):
    """4,139,395 parameters for colour images. Restores in one pass; the authors averaged over 8 flips and turns."""

    paper: ClassVar[str] = "Mao, Shen, Yang 2016"

    filters: Annotated[int, Count(1, 4096)] = 128
    """Channels of every map."""

    def build(self, shape: Shape) -> nn.Module:
        from blurbench_restorers.networks.red30 import Red30 as Network

        return Network(shape.channels, self.filters)

    def recipe(self, budget: Budget) -> Recipe:
        if budget.recipes == "paper":
            return Recipe(budget.restorer_epochs, 1e-4, schedule="constant")
        return Recipe((budget.restorer_epochs + 1) // 2, 2e-3, batch_size=16)

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        from blurbench.training import fit_restorer

        return fit_restorer(module, job, self.recipe(job.budget))


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("red30", Red30)
