"""The strategy `deblur-then-classify`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from blurbench_blurs.gaussian import Gaussian
from blurbench_datasets.glyphs import Glyphs
from blurbench_restorers.wiener import Wiener
from blurbench_strategies.deblur_then_classify import DeblurThenClassify
from blurbench_strategies.plain import Plain
from safetensors.torch import load_file, save_file

from blurbench.contract import (
    Degraded,
    Range,
    Restorer,
    RestorerNeed,
)
from blurbench.errors import Skip, UsageError
from tests.plugins.strategies.fits import (
    BLUR,
    BUDGET,
    SMALL,
    UNET,
    blurring,
    changed,
    degraded,
    fitted,
    fitted_restorer,
    inputs_of,
    job,
    output,
    parts,
    setting,
    state,
)


@dataclass(frozen=True)
class Darken(Restorer):
    """A restorer with nothing to fit, whose effect is easily told; it counts how many images it was shown."""

    trainable = False
    shown = []  # noqa: RUF012

    def restore(self, images, module):
        self.shown.append(len(images))
        return images / 2 - 0.1


@pytest.mark.parametrize(
    ("strategy", "needs", "knows", "blur_matters", "requires"),
    [
        (DeblurThenClassify(UNET), {"restorer"}, "training blur", True, ("labels", "image pairs")),
        (DeblurThenClassify(Wiener()), set(), "true PSF", True, ("labels",)),
        (DeblurThenClassify(Darken()), set(), "training blur", True, ("labels",)),
        (
            DeblurThenClassify(UNET, classifier="clean"),
            {"restorer", "plain"},
            "training blur",
            True,
            ("labels", "clean images", "image pairs"),
        ),
        (DeblurThenClassify(Wiener(), classifier="clean"), {"plain"}, "true PSF", False, ("labels", "clean images")),
    ],
)
def test_what_deblurring_needs_knows_and_requires(strategy, needs, knows, blur_matters, requires):
    assert set(strategy.needs(setting(strategy))) == needs
    assert strategy.knows() == knows
    assert strategy.uses_train_blur() == blur_matters
    assert strategy.requires() == requires
    assert strategy.at_prediction() == (strategy.restorer,)


@dataclass(frozen=True)
class Negative(Restorer):
    """A restorer whose weights exist already."""

    weights: Path

    trainable = False

    def files(self):
        return (self.weights,)

    def load(self, shape):
        network = torch.nn.Conv2d(shape.channels, shape.channels, 1)
        network.load_state_dict(load_file(self.weights))
        return network.train()


@pytest.mark.parametrize("classifier", ["restored", "clean"])
def test_the_network_of_a_restorer_with_weights_is_loaded_frozen_and_counted(tmp_path, classifier):
    weights = {"weight": torch.full((1, 1, 1, 1), -1.0), "bias": torch.ones(1)}
    save_file(weights, tmp_path / "negative.safetensors")
    where = setting(DeblurThenClassify(Negative(tmp_path / "negative.safetensors"), classifier=classifier))
    result = output(where, BLUR)
    torch.testing.assert_close(result.restored, 1 - degraded(BLUR).images)
    predictor = where.strategy.predictor(where, fitted(where), inputs_of(where))
    network = predictor.inputs["restorer"].module
    assert not network.training
    assert sum(parameter.numel() for parameter in network.parameters() if not parameter.requires_grad) == 2
    assert where.strategy.requires()[-1] == "weights"
    assert where.strategy.uses_train_blur() == (classifier == "restored")


def test_the_restorer_is_left_as_it_was_by_fitting_the_classifier():
    restorer = fitted_restorer(UNET, BLUR)
    before = state(restorer.module)
    where = setting(DeblurThenClassify(UNET))
    where.strategy.fit(where.strategy.build(where), job(where, {"restorer": restorer}))
    assert changed(before, restorer.module) == set()


def test_the_classifier_sees_what_the_restorer_gives_unclipped():
    where = setting(DeblurThenClassify(UNET))
    result = output(where, BLUR)
    restored = inputs_of(where)["restorer"].module(degraded(BLUR).images)
    torch.testing.assert_close(result.restored, restored)
    torch.testing.assert_close(result.logits, fitted(where).module(restored))
    assert restored.min() < 0


def test_the_clean_classifier_behind_a_restorer_is_plain_unchanged():
    where = setting(DeblurThenClassify(UNET, classifier="clean"))
    assert where.strategy.build(where) is None
    restored = inputs_of(where)["restorer"].module(degraded(BLUR).images)
    torch.testing.assert_close(output(where, BLUR).logits, fitted(setting(Plain())).module(restored))


def test_the_classifier_is_fitted_anew_on_restored_images():
    where = setting(DeblurThenClassify(Darken()))
    train = parts()[0]
    seen = blurring(BLUR)(train, 0).images / 2 - 0.1
    twin = SMALL.build(where.shape, where.classes)
    twin.load_state_dict(fitted(where).module.state_dict())
    logits = twin.eval()(seen)
    assert (logits.argmax(1) == train.labels).float().mean() > 0.5


@pytest.mark.parametrize(("blur", "times"), [(BLUR, 1), (Gaussian(Range(1.0, 2.0)), BUDGET.epochs)])
def test_images_under_a_blur_that_draws_nothing_are_restored_once(blur, times):
    strategy = DeblurThenClassify(Darken())
    where = setting(strategy, blur=blur)
    Darken.shown.clear()
    strategy.fit(strategy.build(where), job(where, {}))
    again = 60 if times > 1 else 0  # what is kept is validated once more
    assert sum(Darken.shown) == times * (400 + 60) + again


def test_a_deconvolver_is_told_the_psf_of_each_image():
    blur = Gaussian(Range(0.5, 2.0))
    where = setting(DeblurThenClassify(Wiener(), classifier="clean"))
    several = degraded(blur)
    repeated = Degraded(  # more than go through at once
        several.images.repeat(4, 1, 1, 1), replace(several.psf, sigma=several.psf.sigma.repeat(4))
    )
    predictor = where.strategy.predictor(where, fitted(where), inputs_of(where))
    restored = predictor.predict(repeated).restored
    expected = Wiener().deconvolve(several.images, several.psf, 0.0)
    torch.testing.assert_close(restored, expected.repeat(4, 1, 1, 1), atol=1e-4, rtol=1e-4)
    clean = parts()[2].images
    assert (expected - clean).square().mean() < 0.5 * (several.images - clean).square().mean()


def test_a_deconvolver_declines_images_without_a_psf():
    where = setting(DeblurThenClassify(Wiener(), classifier="clean"))
    predictor = where.strategy.predictor(where, fitted(where), inputs_of(where))
    with pytest.raises(Skip, match="needs the PSF"):
        predictor.predict(replace(degraded(BLUR), psf=None))


def test_a_restorer_from_another_data_set_is_fitted_there():
    strategy = DeblurThenClassify(UNET, fitted_on=Glyphs())
    assert strategy.needs(setting(strategy)) == {"restorer": RestorerNeed(UNET, Glyphs(), BLUR)}
    assert strategy.skip(setting(strategy)) is None


def test_a_data_set_to_fit_a_deconvolver_on_is_refused(registry):
    with pytest.raises(UsageError, match="not fitted"):
        registry.resolve("strategies", "deblur-then-classify[restorer=wiener, fitted_on=glyphs]")
