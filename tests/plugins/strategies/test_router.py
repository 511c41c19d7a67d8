"""Which expert answers for which image, and from what that is decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch
from blurbench_blurs.gaussian import Gaussian
from blurbench_blurs.none import NoBlur
from blurbench_estimators.cnn_sigma import CnnSigma
from blurbench_estimators.laplacian_variance import LaplacianVariance
from blurbench_strategies.blur_augment import BlurAugment
from blurbench_strategies.plain import Plain
from blurbench_strategies.retrain import Retrain
from blurbench_strategies.router import Router

from blurbench.contract import Degraded, Estimator, Fitted, Output, Predictor, PredictorNeed
from blurbench.errors import UsageError
from blurbench.registry import Registry
from tests.plugins.strategies.fits import BLUR, accuracy, blurring, degraded, fitted, job, logits, parts, setting

BLURS = (Gaussian(1.0), Gaussian(2.0))


@dataclass(frozen=True)
class Brightness(Estimator):
    """Takes the mean of an image for its sigma."""

    window: int = 1

    def estimate(self, images: torch.Tensor, module: Any = None) -> torch.Tensor:
        return images.mean((1, 2, 3))


class Saying(Predictor):
    """Always the same class; it notes what it was asked about, and how often it was started."""

    def __init__(self, answer: int, batch: int | None = 256, adapts: bool = False) -> None:
        self.answer, self.batch, self.adapts = answer, batch, adapts
        self.asked: list[torch.Tensor] = []
        self.started = 0

    def start(self) -> None:
        self.started += 1

    def predict(self, degraded: Degraded) -> Output:
        assert degraded.psf is None
        self.asked.append(degraded.images)
        return Output(torch.eye(3)[[self.answer] * len(degraded.images)] + degraded.images.mean((1, 2, 3))[:, None])


def routed(levels: tuple[float, ...], experts: tuple[Saying, ...]) -> Predictor:
    strategy = Router(Brightness(), blurs=BLURS[: len(experts) - 1])
    names = ("sharp", "expert 1", "expert 2")
    inputs = {name: Fitted(None, {}, expert) for name, expert in zip(names, experts, strict=False)}
    return strategy.predictor(setting(strategy), Fitted(None, {"levels": list(levels)}), inputs)


def test_each_image_is_answered_by_the_expert_whose_level_is_nearest_to_its_reading() -> None:
    generator = np.random.default_rng(4)
    images = torch.from_numpy(generator.random((40, 1, 3, 3), dtype=np.float32))
    levels = (0.6, 0.3, 0.5)  # in no order
    output = routed(levels, (Saying(0), Saying(1), Saying(2))).predict(Degraded(images, None))
    for row, image in enumerate(images.numpy()):
        wanted = min(range(3), key=lambda place: abs(levels[place] - image.mean()))
        np.testing.assert_allclose(output.logits[row].numpy(), np.eye(3)[wanted] + image.mean(), atol=1e-6)
        assert output.observations["sigma_read"][row].item() == pytest.approx(image.mean(), abs=1e-6)
        assert output.observations["answered_by_plain"][row].item() == (wanted == 0)


def test_an_expert_is_asked_about_its_own_images_alone() -> None:
    experts = (Saying(0), Saying(1), Saying(2))
    images = torch.tensor([0.1, 0.9, 0.2, 0.8])[:, None, None, None]
    routed((0.0, 0.5, 1.0), experts).predict(Degraded(images, None))
    assert [[part.flatten().tolist() for part in expert.asked] for expert in experts] == [
        [pytest.approx([0.1, 0.2])],
        [],
        [pytest.approx([0.9, 0.8])],
    ]


def test_a_stream_begins_for_every_expert_and_comes_in_batches_that_all_of_them_can_take() -> None:
    experts = (Saying(0), Saying(1, batch=16, adapts=True), Saying(2, batch=None))
    predictor = routed((0.0, 0.5, 1.0), experts)
    predictor.start()
    assert [expert.started for expert in experts] == [1, 1, 1]
    assert (predictor.batch, predictor.adapts, predictor.gradients) == (16, True, False)


@pytest.mark.parametrize("blurs", [BLURS, ()])
def test_levels_are_the_medians_of_what_is_read_off_the_training_images(blurs: tuple[Gaussian, ...]) -> None:
    strategy = Router(LaplacianVariance(window=8), blurs=blurs)
    where = setting(strategy)
    train = parts()[0]
    kinds = [train.images, *(blurring(blur)(train, 0).images for blur in blurs or (BLUR,))]
    wanted = [np.median(LaplacianVariance(window=8).estimate(images).numpy()) for images in kinds]
    # torch's median is the lower of the two in the middle, numpy's is between them.
    np.testing.assert_allclose(fitted(where).notes["levels"], wanted, atol=0.01)
    assert sorted(wanted) == wanted


def test_experts_are_plain_and_the_same_strategy_fitted_to_each_blur() -> None:
    several, own = Router(LaplacianVariance(), BlurAugment(), BLURS), Router(LaplacianVariance())
    assert several.needs(setting(several)) == {
        "sharp": PredictorNeed(Plain()),
        "expert 1": PredictorNeed(BlurAugment(), train_blur=BLURS[0]),
        "expert 2": PredictorNeed(BlurAugment(), train_blur=BLURS[1]),
    }
    assert own.needs(setting(own)) == {
        "sharp": PredictorNeed(Plain()),
        "expert 1": PredictorNeed(Retrain(), None, BLUR),
    }
    assert (several.uses_train_blur(), own.uses_train_blur()) == (False, True)
    assert several.knows() == own.knows() == "training blur"
    assert several.requires() == ("labels", "clean images")


def test_of_two_networks_the_one_for_the_blur_answers() -> None:
    where = setting(Router(LaplacianVariance(window=8)))
    plain, retrained = setting(Plain()), setting(Retrain())
    assert accuracy(where, BLUR) == pytest.approx(accuracy(retrained, BLUR), abs=0.03)
    assert accuracy(where, NoBlur()) == pytest.approx(accuracy(plain, NoBlur()), abs=0.03)
    assert accuracy(where, BLUR) > accuracy(plain, BLUR) + 0.1
    sharp = degraded(NoBlur())
    torch.testing.assert_close(logits(where, sharp)[:1], logits(plain, sharp)[:1])


def test_an_estimator_that_is_fitted_is_fitted_to_the_training_images_and_kept() -> None:
    estimator = CnnSigma(network="conv4-fc2", classes=5, patches=100)
    strategy = Router(estimator, blurs=BLURS)
    where = setting(strategy)
    own = fitted(where)
    assert own.module is not None
    assert own.notes["images_seen"] == 100 * where.budget.epochs
    assert len(own.notes["levels"]) == 3
    torch.manual_seed(0)
    again = strategy.fit(strategy.build(where), replace(job(where), inputs={}))
    assert again["levels"] == own.notes["levels"]


@pytest.mark.parametrize("expert", ["plain", "bn-adapt", "deblur-then-classify[restorer=wiener]"])
def test_an_expert_that_is_fitted_to_no_blur_or_told_the_psf_is_refused(registry: Registry, expert: str) -> None:
    with pytest.raises(UsageError, match="expert must be fitted to a training blur"):
        registry.resolve("strategies", f"router[estimator=spectral, expert={expert}]")
