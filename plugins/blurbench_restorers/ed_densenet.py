"""min over theta of the mean of (network_theta(blurred) - clean)^2, the network an encoder and a decoder of dense
blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import Budget, Count, Deconvolver, Recipe, Restorer, RestorerJob, Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class EdDensenet(Restorer):
    """424,927 parameters for colour images."""

    paper: ClassVar[str] = "Dicosola 2020, section 3.4"

    growth: Annotated[int, Count(1, 1024)] = 16
    """Channels of the first map, and channels that each dense layer adds."""
    flips: bool = False
    """Mirror clean images at random before they are blurred, as the paper did."""

    def build(self, shape: Shape) -> nn.Module:
        from blurbench_restorers.networks.ed_densenet import EdDensenet as Network

        return Network(shape.channels, self.growth)

    def recipe(self, budget: Budget) -> Recipe:
        if budget.recipes == "paper":
            return Recipe(budget.restorer_epochs, 1e-3, batch_size=65, schedule="constant", patience=5)
        return Recipe((budget.restorer_epochs + 1) // 2, 1e-2, batch_size=16)

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        from blurbench.training import fit_restorer
        from blurbench_restorers.networks.flips import flip

        return fit_restorer(module, job, self.recipe(job.budget), flip if self.flips else None)


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("ed-densenet", EdDensenet)
