"""max over theta of the mean PSNR of network_theta(blurred), the network a U-Net without activation functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import Budget, Count, Deconvolver, Recipe, Restorer, RestorerJob, Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Nafnet(Restorer):
    """Small by default. The paper's for GoPro: `nafnet[width=32, down=[1, 1, 1, 28], up=[1, 1, 1, 1]]`, 17.1 million
    parameters, fitted to crops of 256 pixels for 400,000 steps."""

    paper: ClassVar[str] = "Chen, Chu, Zhang, Sun 2022, Simple Baselines for Image Restoration"

    width: Annotated[int, Count(1, 1024)] = 16
    """Channels at full size; every halving doubles them."""
    down: Annotated[tuple[int, ...], Count(0, 100)] = (1, 1)
    """Blocks at each size before it is halved."""
    middle: Annotated[int, Count(0, 100)] = 1
    """Blocks at the smallest size."""
    up: Annotated[tuple[int, ...], Count(0, 100)] = (1, 1)
    """Blocks at each size on the way up, the smallest first."""

    def __post_init__(self) -> None:
        if not len(self.down) == len(self.up) <= 6:
            raise ValueError(f"down and up must have as many sizes, 6 at most, not {len(self.down)} and {len(self.up)}")

    def build(self, shape: Shape) -> nn.Module:
        from blurbench_restorers.networks.nafnet import Nafnet as Network

        return Network(shape.channels, self.width, self.down, self.middle, self.up)

    def recipe(self, budget: Budget) -> Recipe:
        if budget.recipes == "paper":
            return Recipe(budget.restorer_epochs, 1e-3, batch_size=32, optimizer="adamw", weight_decay=1e-3)
        # Validation images of photo-crops, 200 steps: 28.4 dB, with 4e-3 27.8, with the paper's 1e-3 25.6, and blurred
        # 25.2.
        return Recipe((budget.restorer_epochs + 1) // 2, 1e-2, batch_size=16, optimizer="adamw")

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        from blurbench.training import fit_restorer
        from blurbench_restorers.networks.nafnet import psnr_loss

        return fit_restorer(module, job, self.recipe(job.budget), loss=psnr_loss)


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("nafnet", Nafnet)
