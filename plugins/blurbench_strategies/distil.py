"""A student that sees blurred images learns what a teacher says of the same images sharp.

loss = soft T^2 KL(softmax(teacher(sharp) / T) || softmax(student(blurred) / T)) + (1 - soft) cross-entropy
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import (
    Classifier,
    FitJob,
    Fraction,
    Limits,
    Need,
    PredictorNeed,
    Ref,
    Setting,
    Strategy,
)
from blurbench_strategies.blur_augment import BlurAugment
from blurbench_strategies.plain import Plain

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Distil(BlurAugment):
    """The teacher is the plain network, which stays as it is. With `soft = 0` nobody teaches: `retrain`, or with a
    `share` below 1 `blur-augment`."""

    paper: ClassVar[str] = "Hinton, Vinyals, Dean 2015; teacher on good, student on poor images as in Su and Maji 2017"

    share: Annotated[float, Fraction(0, 1)] = 1.0
    """The chance that the student sees an image blurred; the teacher sees all of them sharp."""
    teacher: Ref[Classifier] | None = None
    """The teacher's network, fitted to sharp images unless it is given; default: the student's own kind."""
    temperature: Annotated[float, Limits(0.01, 1000)] = 4.0
    """T: logits are divided by it, so that the classes that the teacher holds for unlikely count, too."""
    soft: Annotated[float, Fraction(0, 1)] = 0.9
    """The part of the loss that the teacher's answers have; the rest is the labels'."""

    def needs(self, setting: Setting) -> Mapping[str, Need]:
        return {"teacher": PredictorNeed(Plain(), classifier=self.teacher)}

    def fit(self, module: nn.Module | None, job: FitJob) -> Mapping[str, Any]:
        from blurbench.training import fit_from_scratch

        assert module is not None
        return fit_from_scratch(
            module,
            job,
            lambda images, epoch: self.mixed(images, epoch, job),
            lambda logits, targets: distillation_loss(logits, targets, self.temperature, self.soft),
            taught(job),
        )


def taught(job: FitJob) -> Callable[[int], Tensor]:
    """For each epoch the teacher's logits of the sharp training images, varied as the student's are, and in a last
    column the labels: (N, K + 1)."""
    import torch

    from blurbench.training import augmented, forward, recipe_for

    teacher, recipe = job.inputs["teacher"].module, recipe_for(job.setting, "train")
    assert teacher is not None
    answers = lru_cache(maxsize=1)(lambda sharp: forward(teacher, sharp))  # the same images every epoch: asked once

    def targets(epoch: int) -> Tensor:
        sharp = augmented(job.train.images, recipe, job.setting.seed, epoch)
        return torch.cat([answers(sharp), job.train.labels[:, None]], 1)

    return targets


def distillation_loss(logits: Tensor, targets: Tensor, temperature: float, soft: float) -> Tensor:
    """The mean loss over a batch: logits (N, K) of the student, and `targets` (N, K + 1) as `taught` gives them."""
    from torch.nn import functional as F

    said, wanted = ((values / temperature).log_softmax(1) for values in (logits, targets[:, :-1]))
    divergence = F.kl_div(said, wanted, reduction="batchmean", log_target=True)
    hard = F.cross_entropy(logits, targets[:, -1].long())
    # T^2, since the gradients of soft targets shrink by it: a change of temperature does not change the weights.
    return soft * temperature**2 * divergence + (1 - soft) * hard


@hookimpl
def register_strategies(register: Callable[[str, type[Strategy]], None]) -> None:
    register("distil", Distil)
