"""min over theta of the mean of (network_theta(blurred) - clean)^2, the network a convolutional autoencoder with
symmetric skip connections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Budget, Count, Deconvolver, Recipe, Restorer, RestorerJob, Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Caessc(Restorer):
    """For colour images 2,881,420 parameters at depth 30 with 64 filters, 8,217,868 at depth 22 with 128."""

    revision: ClassVar[int] = 2
    paper: ClassVar[str] = "Dicosola 2020, section 3.7, after Mao, Shen, Yang 2016"

    depth: Annotated[int, Count(4, 1000)] = 30
    """Layers with weights, even: half of them down, half of them up."""
    filters: Annotated[int, Count(1, 4096)] = 64
    """Channels of every map."""
    downsample: bool = False
    """Work at half the size: stride 2 in the first layer and in the last."""
    last: Literal["sigmoid", "relu"] = "sigmoid"
    """The activation at the end; ReLU cannot restore black (the paper's figure 6)."""
    flips: bool = False
    """Mirror clean images at random before they are blurred, as the paper did."""

    def __post_init__(self) -> None:
        if self.depth % 2:
            raise ValueError(f"depth must be even, not {self.depth}")

    def build(self, shape: Shape) -> nn.Module:
        from blurbench_restorers.networks.caessc import Caessc as Network

        return Network(shape.channels, self.depth, self.filters, self.downsample, self.last)

    def recipe(self, budget: Budget) -> Recipe:
        if budget.recipes == "paper":
            batch = 250 if self.filters < 128 else 200
            return Recipe(budget.restorer_epochs, 1e-4, batch_size=batch, schedule="constant", patience=7)
        # Validation images of CIFAR-10 (depth 22, 16 filters), 500 steps: 22.3 dB, with a third of the rate 22.0.
        return Recipe((budget.restorer_epochs + 1) // 2, 1e-2, batch_size=8)

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        from blurbench.training import fit_restorer
        from blurbench_restorers.networks.flips import flip

        return fit_restorer(module, job, self.recipe(job.budget), flip if self.flips else None)


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("caessc", Caessc)
