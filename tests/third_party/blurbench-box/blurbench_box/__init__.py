"""A blur, a strategy, an estimator, a paper and a suite from outside, as anyone would write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import Blur, Count, DensePsf, Estimator, FitJob, Padding, Pixels, Strategy
from blurbench.papers.filling import above, fill
from blurbench.papers.findings import Place
from blurbench.papers.paper import CellPaper, Claim
from blurbench.papers.published import Anchor, Statement
from blurbench.papers.report import Table


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
class StepWidth(Estimator):
    """A step from black to white, blurred, rises by 1 / (sigma sqrt(2 pi)) a pixel where it is steepest."""

    widest: Annotated[float, Pixels(0.5, 30)] = 3.0

    @property
    def limits(self):
        return (0.0, self.widest)

    def estimate(self, images, module=None):
        grey = images.mean(1)
        steepest = grey.diff(dim=2).abs().amax((1, 2)).clamp_min(1e-6)
        height = grey.amax((1, 2)) - grey.amin((1, 2))
        return (height / steepest / 2.5066).clamp(0.0, self.widest)


def place(strategy, test_blur):
    """A row of the suite `box`: what is fitted at all is fitted to squares of 5 pixels."""
    return Place("digits", strategy, "" if strategy == "plain" else "block-mean[side=5]", test_blur)


@dataclass(frozen=True)
class Mosaics(CellPaper):
    """A paper that never was: two accuracies and a claim."""

    paper = "Nobody 2020, digits through a bathroom window"
    suite = "box"
    sizes: ClassVar[Mapping[str, str]] = {"seeds": "one"}

    def anchors(self):
        rows = (("none", 97.0), ("block-mean[side=5]", 61.5))
        return tuple(Anchor("t1", "Table 1", blur, "plain", top1, "percent", None, "") for blur, top1 in rows)

    def statements(self):
        return (Statement("c1", "means over squares cost", "holds"),)

    def tables(self, evidence):
        cells = tuple(
            fill(evidence, anchor, (place("plain", anchor.row), "top1"), of=lambda share: 100 * share)
            for anchor in self.anchors()
        )
        return (Table("Table 1", "top-1", "percent", ("plain",), cells),)

    def claims(self):
        return {"c1": Claim("top-1 differs by more than 0 points", 1, self._cost)}

    def _cost(self, evidence):
        sharp, blurred = (place("plain", blur) for blur in ("none", "block-mean[side=5]"))
        yield above(evidence, "sharp over blurred", (sharp, "top1"), (blurred, "top1"))


@hookimpl
def register_blurs(register):
    register("block-mean", BlockMean)


@hookimpl
def register_strategies(register):
    register("retouch", Retouch)


@hookimpl
def register_estimators(register):
    register("step-width", StepWidth)


@hookimpl
def register_papers(register):
    register("mosaics", Mosaics)


@hookimpl
def register_suites(register):
    register("box", Path(__file__).with_name("box.toml"))
