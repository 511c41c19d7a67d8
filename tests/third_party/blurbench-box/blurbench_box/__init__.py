"""A blur, a strategy, an estimator and a suite from outside, as anyone would write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from blurbench import hookimpl
from blurbench.protocols import Blur, Estimator, FitJob, Strategy
from blurbench.types import Count, DensePsf, Padding, Pixels


@dataclass(frozen=True)
class BlockMean(Blur):
    """Mean over a square of odd side."""

    side: Annotated[int, Pixels(1, 31)] = 3
    padding: Padding = "replicate"
    family = "block-mean"

    def __post_init__(self):
        if self.side % 2 == 0:
            raise ValueError("side must be odd")

    def psf(self, draws):
        import torch

        weights = torch.full((len(draws.ids), self.side, self.side), 1 / self.side**2, dtype=torch.float64)
        return DensePsf(weights)


@dataclass(frozen=True)
class Retouch(Strategy):
    """Fit on sharp images for most of the epochs, on blurred ones for the last few."""

    last: Annotated[int, Count(1)] = 1

    def fit(self, module: Any, job: FitJob) -> Mapping[str, Any]:
        from blurbench.training import fit_classifier

        recipe = job.setting.classifier.recipe("train", job.setting.budget)

        def images(epoch: int) -> Any:
            late = epoch >= recipe.epochs - self.last
            return job.blur(job.train, epoch).images if late else job.train.images

        return fit_classifier(module, images, job.train.labels, recipe, job.setting.seed)


@dataclass(frozen=True)
class Constant(Estimator):
    """Always the same answer: the row that an estimator must beat."""

    sigma: Annotated[float, Pixels(0.05, 30)] = 1.5

    def estimate(self, images):
        return images.new_full((len(images),), self.sigma)


@hookimpl
def register_blurs(register):
    register("block-mean", BlockMean)


@hookimpl
def register_strategies(register):
    register("retouch", Retouch)


@hookimpl
def register_estimators(register):
    register("constant", Constant)


@hookimpl
def register_suites(register):
    register("box", Path(__file__).with_name("box.toml"))
