"""A fitted restorer learns on, from what the classifier behind it makes of its images.

loss = cross-entropy(classifier(restored)) + weight mean (restored - sharp)^2
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

from blurbench import hookimpl
from blurbench.contract import (
    FitJob,
    Fitted,
    Limits,
    Need,
    Plugin,
    Predictor,
    PredictorNeed,
    Ref,
    Restorer,
    RestorerNeed,
    Setting,
    Strategy,
)
from blurbench_strategies.deblur_then_classify import RestoringPredictor
from blurbench_strategies.plain import Plain

if TYPE_CHECKING:
    from torch import Tensor, nn

    from blurbench_strategies.joint import Joint


@dataclass(frozen=True)
class DeblurJoint(Strategy):
    """Both begin as `deblur-then-classify[classifier=clean]` has them, and learn on by the classifier's recipe for
    fine-tuning."""

    paper: ClassVar[str] = "Liu, Wen, Liu, Wang, Huang 2018: the joint loss updates the restoring network alone"

    restorer: Ref[Restorer]
    weight: Annotated[float, Limits(0, 1_000_000)] = 1.0
    """Of the squared error, on the 0..1 scale; 0: nothing holds the restored image to the sharp one."""
    learns: Literal["restorer", "both"] = "restorer"
    """`restorer`: the classifier stays the plain one, unchanged."""

    def __post_init__(self) -> None:
        if not self.restorer.trainable:
            raise ValueError("restorer must be one that is fitted, such as unet")

    def requires(self) -> tuple[str, ...]:
        return ("labels", "clean images", "image pairs")

    def needs(self, setting: Setting) -> Mapping[str, Need]:
        restorer = RestorerNeed(self.restorer, setting.dataset, setting.train_blur)
        return {"restorer": restorer, "plain": PredictorNeed(Plain())}

    def build(self, setting: Setting) -> nn.Module:
        from blurbench_strategies.joint import Joint

        restorer = self.restorer.build(setting.shape)
        assert restorer is not None
        return Joint(self.restorer, restorer, setting.classifier.build(setting.shape, setting.classes))

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        """Raises Skip where the restorer cannot learn from the classifier."""
        from blurbench.training import minimise, recipe_for

        joint, setting = cast("Joint", module), job.setting
        for part, name in ((joint.restorer, "restorer"), (joint.classifier, "plain")):
            start = job.inputs[name].module
            assert start is not None
            part.load_state_dict(start.state_dict())
        return minimise(
            joint,
            self.loss,
            len(job.train),
            lambda epoch, batches: pairs(job, epoch),
            lambda epoch: scores(joint, job, epoch),
            recipe_for(setting, "finetune"),
            setting.seed,
            trainable=(joint if self.learns == "both" else joint.restorer).parameters(),
        )

    def loss(self, answers: Any, targets: Tensor) -> Tensor:
        """Mean over a batch: `answers` are logits (N, K) and restored images (N, C, H, W), `targets` (N, 1 + C H W)
        hold the label and the sharp image."""
        from torch.nn import functional as F

        logits, restored = answers
        recognition = F.cross_entropy(logits, targets[:, 0].long())
        return recognition + self.weight * F.mse_loss(restored.flatten(1), targets[:, 1:])

    def predictor(self, setting: Setting, own: Fitted, inputs: Mapping[str, Fitted]) -> Predictor:
        joint = cast("Joint", own.module)
        return RestoringPredictor(self.restorer, {"restorer": Fitted(joint.restorer)}, joint.classifier)

    def at_prediction(self) -> tuple[Plugin, ...]:
        return (self.restorer,)


def pairs(job: FitJob, epoch: int) -> tuple[Tensor, Tensor]:
    """The blurred training images of an epoch and the targets of `DeblurJoint.loss`, both varied as the recipe says."""
    import torch

    from blurbench.training import augmented, recipe_for

    recipe, train = recipe_for(job.setting, "finetune"), job.train
    blurred, sharp = (
        augmented(images, recipe, job.setting.seed, epoch) for images in (job.blur(train, epoch).images, train.images)
    )
    return blurred, torch.cat([train.labels[:, None], sharp.flatten(1)], 1)


def scores(joint: Joint, job: FitJob, epoch: int) -> dict[str, float]:
    """Cross-entropy and accuracy on blurred validation images."""
    from torch.nn import functional as F

    from blurbench.training import forward

    logits = forward(lambda images: joint(images)[0], job.blur(job.validation, epoch).images)
    truth = job.validation.labels
    accuracy = (logits.argmax(1) == truth).float().mean()
    return {"loss": F.cross_entropy(logits, truth).item(), "accuracy": accuracy.item()}


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("deblur-joint", DeblurJoint)
