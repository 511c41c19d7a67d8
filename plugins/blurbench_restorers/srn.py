"""min over theta of the sum over scales of the mean of (network_theta(blurred at this and coarser scales) - clean)^2: a
scale-recurrent network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from blurbench import hookimpl
from blurbench.contract import Budget, Deconvolver, Limits, Recipe, Restorer, RestorerJob, Shape

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Srn(Restorer):
    """Parameters for colour images: `cifar` 13,759,314, `reds` 5,019,894, `original` 6,881,251."""

    paper: ClassVar[str] = "Dicosola 2020, section 4; form original: Tao, Gao, Shen, Wang, Jia 2018"

    form: Literal["cifar", "reds", "original"] = "cifar"
    """Two scales with batch norms; two without, half as wide; or three without, as first published."""
    width: Annotated[float, Limits(0.01, 16)] = 1.0
    """Channels as a multiple of the published ones."""
    shared: bool | None = None
    """One network for all scales? None: as published, which is true for `original` alone."""
    lstm: bool | None = None
    """An LSTM at the deepest point? None: `reds` alone. That of `cifar` (1,657,088 parameters) is bound to the size of
    the images and never shared."""
    deconv: Literal[2, 4, 5] | None = None
    """Side of the transposed kernels in pixels. None: 4, in `reds` 2; the last programme for `cifar` has 5, its stored
    weights fit 4."""
    deconv_act: Literal["same", "sigmoid"] = "same"
    """The activation after transposed kernels; a slip in the programme for `cifar` gave all of them a sigmoid."""

    def build(self, shape: Shape) -> nn.Module:
        from blurbench_restorers.networks.srn import Srn as Network
        from blurbench_restorers.networks.srn import published

        form = published(self.form, self.shared, self.lstm, self.deconv, self.deconv_act)
        return Network(shape.channels, shape.height, shape.width, form, self.width)

    def recipe(self, budget: Budget) -> Recipe:
        if budget.recipes == "fast":
            # The last norm of `cifar` starts far from an image's contrast: small rates take long to get there.
            rate = 3e-2 if self.form == "cifar" else 2e-3
            return Recipe((budget.restorer_epochs + 1) // 2, rate, batch_size=16)
        match self.form:
            case "cifar":
                return Recipe(budget.restorer_epochs, 1e-3, batch_size=150, schedule="constant", patience=15)
            case "reds":
                return Recipe(budget.restorer_epochs, 1e-4, batch_size=10, schedule="constant")
            case "original":
                return Recipe(budget.restorer_epochs, 1e-4, batch_size=16, schedule="constant")

    def fit(self, module: nn.Module, job: RestorerJob) -> Mapping[str, Any]:
        from blurbench.training import fit_restorer
        from blurbench_restorers.networks.srn import error_at_all_scales

        return fit_restorer(module, job, self.recipe(job.budget), loss=error_at_all_scales)


@hookimpl
def register_restorers(register: Callable[[str, type[Restorer] | type[Deconvolver]], None]) -> None:
    register("srn", Srn)
