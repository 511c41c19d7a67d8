"""An estimator reads how blurred each image is, and the network that was fitted to about that much blur answers.

expert of an image = the b with the least |sigma read off the image - median sigma read off training images under b|
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import (
    Blur,
    Degraded,
    Estimator,
    EstimatorJob,
    FitJob,
    Fitted,
    ImageSet,
    Need,
    Output,
    Predictor,
    PredictorNeed,
    Ref,
    Setting,
    Strategy,
)
from blurbench_strategies.plain import Plain
from blurbench_strategies.retrain import Retrain

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Router(Strategy):
    """`plain` answers for sharp images, `expert` fitted to each of the blurs for those. How an estimator reads a blur
    depends on the pictures, so its readings of training images decide where one expert ends and the next begins; an
    estimator that is fitted is fitted to the training images, too. Where it reads two blurs alike, the first of their
    experts answers."""

    paper: ClassVar[str] = "experts for distortions as in Dodge and Karam 2018, with an estimated blur for the gate"

    estimator: Ref[Estimator]
    expert: Ref[Strategy] = Retrain()  # noqa: RUF009 - frozen
    blurs: tuple[Ref[Blur], ...] = ()
    """What experts are fitted to; none named: the training blur of the row."""

    def __post_init__(self) -> None:
        if self.expert.knows() != "training blur":
            raise ValueError("expert must be fitted to a training blur and told no more, as retrain or blur-augment")

    def uses_train_blur(self) -> bool:
        return not self.blurs

    def requires(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*Plain().requires(), *self.expert.requires())))

    def skip(self, setting: Setting) -> str | None:
        return self.expert.skip(setting)

    def needs(self, setting: Setting) -> Mapping[str, Need]:
        blurs = enumerate(self.blurs or (setting.train_blur,), start=1)
        return {
            "sharp": PredictorNeed(Plain()),
            **{f"expert {place}": PredictorNeed(self.expert, train_blur=blur) for place, blur in blurs},
        }

    def build(self, setting: Setting) -> nn.Module | None:
        return self.estimator.build()

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        """Fits the estimator, where it is one to be fitted, and notes `levels`: what it reads, one sigma an expert."""
        setting, notes = job.setting, {}
        if module is not None:
            pictures = EstimatorJob(job.train, job.validation, setting.budget, setting.seed)
            notes = dict(self.estimator.fit(module, pictures))
        kinds = (job.train.images, *self.blurred(job))
        return {**notes, "levels": [self.read(images, module).median().item() for images in kinds]}

    def blurred(self, job: FitJob) -> Iterable[torch.Tensor]:
        """The training images under each of the blurs, drawn as for the first epoch of a fit."""
        from blurbench.training import batchwise

        if not self.blurs:
            yield job.blur(job.train, 0).images
        for blur in self.blurs:
            yield batchwise(job.train, partial(_blurred, blur, job.setting.seed))

    def read(self, images: torch.Tensor, module: nn.Module | None) -> torch.Tensor:
        """One sigma an image, (N,). Images below the estimator's window are mirrored at their borders."""
        from blurbench.imaging.received import check_sigmas
        from blurbench.imaging.windows import at_least
        from blurbench.training import forward

        estimator = self.estimator
        sigma = forward(lambda some: estimator.estimate(at_least(some, estimator.window), module), images)
        check_sigmas(f"estimator {type(estimator).__name__}", sigma, (len(images),), estimator.limits)
        return sigma

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        return RoutingPredictor(self, own, {name: inputs[name] for name in self.needs(setting)})


def _blurred(blur: Blur, seed: int, images: ImageSet) -> torch.Tensor:
    from blurbench.imaging.draws import Draws

    draws = Draws(images.ids, seed, ("train", 0), images.images.device)
    return blur.degrade_set(images, draws).images


class RoutingPredictor(Predictor):
    """Asks the expert of each image, and no other."""

    def __init__(self, router: Router, own: Fitted, experts: Mapping[str, Fitted]) -> None:
        self.router, self.own, self.experts = router, own, experts
        answering = list(self.answering())
        self.batch = min((one.batch for one in answering if one.batch is not None), default=None)
        self.adapts = any(one.adapts for one in answering)
        self.gradients = any(one.gradients for one in answering)

    def answering(self) -> Iterable[Predictor]:
        """What each expert answers, the one for sharp images first."""
        for expert in self.experts.values():
            assert expert.predictor is not None
            yield expert.predictor

    def start(self) -> None:
        for expert in self.answering():
            expert.start()

    def predict(self, degraded: Degraded) -> Output:
        """Logits and, image by image, `sigma_read` and `answered_by_plain`, 0 or 1."""
        import torch

        sigma = self.router.read(degraded.images, self.own.module)
        chosen = (sigma[:, None] - sigma.new_tensor(self.own.notes["levels"])).abs().argmin(1)
        rows = [(chosen == place).nonzero()[:, 0] for place in range(len(self.experts))]
        logits = [
            expert.predict(replace(degraded, images=degraded.images[some], psf=None)).logits
            for expert, some in zip(self.answering(), rows, strict=True)
            if len(some)
        ]
        seen = {"sigma_read": sigma, "answered_by_plain": (chosen == 0).float()}
        return Output(torch.cat(logits)[torch.cat(rows).argsort()], observations=seen)


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("router", Router)
