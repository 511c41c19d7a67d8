"""A restorer that learns from the classifier behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from blurbench_blurs.none import NoBlur
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_estimators.cnn_sigma import CnnSigma
from blurbench_restorers.estimate_then_deconvolve import EstimateThenDeconvolve
from blurbench_restorers.srn import Srn
from blurbench_restorers.unet import Unet
from blurbench_strategies.deblur_joint import DeblurJoint, pairs
from blurbench_strategies.deblur_then_classify import DeblurThenClassify
from blurbench_strategies.joint import Joint
from blurbench_strategies.plain import Plain
from scipy.special import log_softmax
from torch import nn
from torch.nn.functional import cross_entropy

from blurbench.contract import Budget, Classifier, Degraded, PredictorNeed, Recipe, Restorer, RestorerNeed, Setting
from blurbench.errors import Skip, UsageError
from blurbench.registry import Registry
from blurbench.testing.samples import SampleRestorer
from tests.plugins.strategies.fits import (
    BLUR,
    SMALL,
    blurring,
    degraded,
    fitted,
    inputs_of,
    job,
    logits,
    parts,
    setting,
)

UNET = Unet(kernel=3, widths=(4, 8, 8))


@dataclass(frozen=True)
class Stepping(Cnn3):
    """One step of plain gradient descent to learn on, over all training images at once."""

    rate: float = 0.0

    def recipe(self, purpose: str, budget: Budget) -> Recipe:
        if purpose == "train":
            return super().recipe("train", budget)
        return Recipe(1, self.rate, batch_size=10_000, optimizer="sgd", schedule="constant")


def network(where: Setting) -> Joint:
    module = fitted(where).module
    assert isinstance(module, Joint)
    return module


def clean_behind(restorer: Restorer, classifier: Classifier = SMALL) -> Setting:
    return setting(DeblurThenClassify(restorer, classifier="clean"), classifier)


def same(one: nn.Module, other: nn.Module | None) -> bool:
    assert other is not None
    states = one.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_the_loss_is_cross_entropy_and_the_weighted_squared_error() -> None:
    generator = np.random.default_rng(2)
    said, restored, sharp = (
        generator.normal(size=(6, 4)),
        generator.random((6, 2, 3, 3)),
        generator.random((6, 2, 3, 3)),
    )
    labels = generator.integers(4, size=6)
    wanted = -log_softmax(said, axis=1)[np.arange(6), labels].mean() + 7 * ((restored - sharp) ** 2).mean()
    targets = torch.from_numpy(np.column_stack([labels, sharp.reshape(6, -1)]))
    found = DeblurJoint(UNET, weight=7).loss((torch.from_numpy(said), torch.from_numpy(restored)), targets)
    assert found.item() == pytest.approx(wanted, rel=1e-6)


def test_without_a_step_it_is_the_clean_classifier_behind_the_restorer() -> None:
    still = Stepping((8, 8, 8), rate=0.0)
    joint = setting(DeblurJoint(SampleRestorer(), learns="both"), still)
    behind = clean_behind(SampleRestorer(), still)
    # Norms take their statistics anew where they learn, here from restored images.
    frozen = replace(joint, strategy=DeblurJoint(SampleRestorer()))
    torch.testing.assert_close(logits(frozen, degraded(BLUR)), logits(behind, degraded(BLUR)))
    assert not torch.equal(logits(joint, degraded(BLUR)), logits(behind, degraded(BLUR)))


def test_a_step_goes_down_the_gradient_that_passes_through_the_frozen_classifier() -> None:
    where = setting(DeblurJoint(SampleRestorer(), weight=3.0), Stepping((8, 8, 8), rate=0.5))
    inputs = inputs_of(where)
    restorer, classifier = (inputs[name].module for name in ("restorer", "plain"))
    assert restorer is not None
    assert classifier is not None
    train = parts()[0]
    before = {name: value.clone().requires_grad_() for name, value in restorer.named_parameters()}
    restored: Any = torch.func.functional_call(restorer, before, blurring(BLUR)(train, 0).images)
    answers = classifier(restored).log_softmax(1)
    chosen = -answers.gather(1, train.labels[:, None]).mean()
    gradients = torch.autograd.grad(chosen + 3 * (restored - train.images).pow(2).mean(), list(before.values()))
    found = dict(network(where).restorer.named_parameters())
    for (name, value), gradient in zip(before.items(), gradients, strict=True):
        assert gradient.abs().max() > 0
        torch.testing.assert_close(found[name].detach(), value.detach() - 0.5 * gradient, rtol=1e-3, atol=1e-5)


def test_the_classifier_stays_plain_unless_both_learn_and_nobody_else_s_network_changes() -> None:
    joint, both = (setting(DeblurJoint(UNET, learns=part)) for part in ("restorer", "both"))  # type: ignore[arg-type]
    before = [
        {k: v.clone() for k, v in one.module.state_dict().items()} for one in inputs_of(joint).values() if one.module
    ]
    plain = fitted(setting(Plain())).module
    assert same(network(joint).classifier, plain)
    assert not same(network(both).classifier, plain)
    assert not same(network(joint).restorer, inputs_of(joint)["restorer"].module)
    after = [one.module.state_dict() for one in inputs_of(joint).values() if one.module]
    torch.testing.assert_close(after, before, rtol=0, atol=0)


def test_what_learns_from_recognition_is_recognised_better() -> None:
    train = parts()[0]
    blurred = Degraded(blurring(BLUR)(train, 0).images, None)
    joint, behind = (
        cross_entropy(logits(where, blurred), train.labels).item()
        for where in (setting(DeblurJoint(UNET)), clean_behind(UNET))
    )
    assert joint < 0.8 * behind
    assert fitted(setting(DeblurJoint(UNET))).notes["validation_loss"][-1] < 1.0


def test_a_weight_holds_the_restored_image_to_the_sharp_one() -> None:
    sharp = parts()[2].images

    def error(weight: float) -> float:
        predictor = fitted(setting(DeblurJoint(UNET, weight=weight))).predictor
        assert predictor is not None
        restored = predictor.predict(degraded(BLUR)).restored
        assert restored is not None
        return float((restored - sharp).square().mean())

    assert error(1000.0) < 0.8 * error(0.0)


def test_it_needs_the_restorer_of_its_training_blur_and_the_plain_network() -> None:
    strategy = DeblurJoint(UNET)
    where = setting(strategy)
    assert strategy.needs(where) == {
        "restorer": RestorerNeed(UNET, where.dataset, BLUR),
        "plain": PredictorNeed(Plain()),
    }
    assert (strategy.knows(), strategy.uses_train_blur()) == ("training blur", True)
    assert strategy.requires() == ("labels", "clean images", "image pairs")
    assert strategy.at_prediction() == DeblurThenClassify(UNET).at_prediction()


@pytest.mark.parametrize(
    ("restorer", "reason"),
    [
        (Srn(width=0.1), "Srn gives more than an image while it is fitted"),
        (EstimateThenDeconvolve(CnnSigma(network="conv4-fc2")), "no gradient reaches the network of Est"),
    ],
)
def test_a_restorer_that_cannot_learn_from_the_classifier_is_declined(restorer: Restorer, reason: str) -> None:
    joint = DeblurJoint(restorer).build(setting(DeblurJoint(restorer)))
    with pytest.raises(Skip, match=reason):
        joint.train()(parts()[0].images[:4])


@pytest.mark.parametrize("restorer", ["unsharp-mask", "wiener"])
def test_a_restorer_with_nothing_to_fit_is_refused(registry: Registry, restorer: str) -> None:
    with pytest.raises(UsageError, match="restorer"):
        registry.resolve("strategies", f"deblur-joint[restorer={restorer}]")


def test_varied_images_are_compared_with_the_same_cut_of_the_sharp_ones() -> None:
    """Without blur, what the restorer sees is what it is held to."""

    @dataclass(frozen=True)
    class Varied(Cnn3):
        def recipe(self, purpose: Any, budget: Budget) -> Recipe:
            return replace(super().recipe(purpose, budget), augment="flip-crop")

    where = setting(DeblurJoint(UNET), Varied((8, 8, 8)), NoBlur())
    seen, targets = pairs(job(where, {}), 3)
    assert torch.equal(targets[:, 1:].view_as(seen), seen)
    assert not torch.equal(seen, parts()[0].images)
    assert torch.equal(targets[:, 0].long(), parts()[0].labels)
