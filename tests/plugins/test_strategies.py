"""The strategies: what is fitted on what, what is left alone, and what they say about themselves."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from blurbench_blurs.gaussian import Gaussian
from blurbench_blurs.none import NoBlur
from blurbench_classifiers.cnn3 import Cnn3
from blurbench_classifiers.vit import Vit
from blurbench_datasets.digits import Digits
from blurbench_datasets.glyphs import Glyphs
from blurbench_restorers.unet import Unet
from blurbench_restorers.wiener import Wiener
from blurbench_strategies.blur_augment import BlurAugment
from blurbench_strategies.deblur_then_classify import DeblurThenClassify
from blurbench_strategies.first_n import FirstN
from blurbench_strategies.patch_mask import GRID, PatchMask
from blurbench_strategies.plain import Plain
from blurbench_strategies.retrain import Retrain
from blurbench_strategies.standardise import Standardise, standardised
from safetensors.torch import load_file, save_file
from torch import nn

from blurbench.contract import (
    Blur,
    Budget,
    Classifier,
    Degraded,
    FitJob,
    Fitted,
    ImageSet,
    PredictorNeed,
    Range,
    Recipe,
    Restorer,
    RestorerJob,
    RestorerNeed,
    Setting,
    Shape,
    Strategy,
)
from blurbench.errors import Skip, UsageError
from blurbench.imaging.draws import Draws
from blurbench.imaging.sharpness import patch_laplacian_variance
from blurbench.running.images import TrainingBlur, image_set

BLUR = Gaussian(2.0)
BUDGET = Budget("quick", epochs=6, finetune_epochs=1, restorer_epochs=2)
SMALL = Cnn3((8, 8, 8))
PATCHY = Vit(width=12, depth=1, heads=2)
UNET = Unet(kernel=3, widths=(4, 8, 8))


@cache
def parts() -> tuple[ImageSet, ImageSet, ImageSet]:
    splits = Digits().load([])
    sizes = (600, 60, 100)
    device = torch.device("cpu")
    whole = (splits.train, splits.validation, splits.test)
    train, validation, test = (image_set(part, size, device) for part, size in zip(whole, sizes, strict=True))
    return train, validation, test


def setting(strategy: Strategy, classifier: Classifier = SMALL, blur: Blur = BLUR) -> Setting:
    return Setting(Digits(), blur, classifier, strategy, Shape(1, 16, 16), 10, BUDGET, seed=0)


def training_blur(blur: Blur) -> TrainingBlur:
    train, validation, _ = parts()
    return TrainingBlur(blur, 0, train, validation, nullcontext)


def job(where: Setting, inputs: Mapping[str, Fitted]) -> FitJob:
    train, validation, _ = parts()
    return FitJob(where, train, validation, training_blur(where.train_blur), inputs)


@cache
def fitted_restorer(restorer: Restorer, blur: Blur) -> Fitted:
    train, validation, _ = parts()
    torch.manual_seed(0)
    module = restorer.build(Shape(1, 16, 16))
    assert module is not None
    notes = restorer.fit(module, RestorerJob(train, validation, training_blur(blur), BUDGET, 0))
    return Fitted(module.eval().requires_grad_(False), notes)


@cache
def inputs_of(where: Setting) -> dict[str, Fitted]:
    inputs = {}
    for name, need in where.strategy.needs(where).items():
        if isinstance(need, PredictorNeed):
            inputs[name] = fitted(replace(where, strategy=need.strategy))
        else:
            inputs[name] = fitted_restorer(need.restorer, need.train_blur)
    return inputs


@cache
def fitted(where: Setting) -> Fitted:
    """Fit as a run would: needs first, weights from one seed, the result frozen."""
    inputs = inputs_of(where)
    torch.manual_seed(0)
    module = where.strategy.build(where)
    notes = where.strategy.fit(module, job(where, inputs))
    return Fitted(None if module is None else module.eval().requires_grad_(False), notes)


def degraded(blur: Blur) -> Degraded:
    test = parts()[2]
    return blur.degrade(test.images, Draws(test.ids, 0, ("test",)))


def output(where: Setting, blur: Blur):
    return where.strategy.predictor(where, fitted(where), inputs_of(where)).predict(degraded(blur))


def accuracy(where: Setting, blur: Blur) -> float:
    return (output(where, blur).logits.argmax(1) == parts()[2].labels).float().mean().item()


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(before: Mapping[str, torch.Tensor], module: nn.Module) -> set[str]:
    return {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}


# --- plain and retrain ---------------------------------------------------------------------------------------------


def test_plain_never_asks_for_blurred_images():
    where = setting(Plain())
    train, validation, _ = parts()

    def refuse(images: ImageSet, epoch: int) -> Degraded:
        raise AssertionError("plain looked at the blur")

    Plain().fit(Plain().build(where), FitJob(where, train, validation, refuse, {}))
    assert not Plain().uses_train_blur()
    assert Plain().knows() == "nothing"


def test_retraining_helps_on_blurred_images_and_costs_on_clean_ones():
    plain, retrained = setting(Plain()), setting(Retrain())
    assert accuracy(retrained, BLUR) > accuracy(plain, BLUR) + 0.1
    assert accuracy(retrained, NoBlur()) < accuracy(plain, NoBlur())
    assert Retrain().knows() == "training blur"


def test_retraining_without_blur_is_plain():
    plain, retrained = fitted(setting(Plain())), fitted(setting(Retrain(), blur=NoBlur()))
    assert changed(plain.module.state_dict(), retrained.module) == set()


# --- standardise ---------------------------------------------------------------------------------------------------


def test_every_image_gets_the_same_mean_and_contrast():
    images = torch.rand(6, 3, 9, 7) * torch.linspace(0.1, 1, 6)[:, None, None, None]
    found = standardised(images).flatten(1).numpy()
    np.testing.assert_allclose(found.mean(1), 0.5, atol=1e-5)
    np.testing.assert_allclose(found.std(1), 0.25, atol=1e-5)
    empty = torch.full((1, 1, 4, 4), 0.3)
    torch.testing.assert_close(standardised(empty), torch.full_like(empty, 0.5))


def test_a_classifier_of_standardised_images_does_not_care_how_bright_or_flat_an_image_is():
    where = setting(Standardise())
    predictor = where.strategy.predictor(where, fitted(where), {})
    images = parts()[2].images
    logits = predictor.predict(Degraded(images, None)).logits
    flat = predictor.predict(Degraded(0.3 + 0.4 * images, None)).logits
    torch.testing.assert_close(flat, logits, atol=1e-3, rtol=1e-3)
    assert accuracy(where, NoBlur()) > 0.8
    assert (Standardise().knows(), Standardise().uses_train_blur()) == ("nothing", False)


# --- blur-augment --------------------------------------------------------------------------------------------------


def test_the_share_of_blurred_images_is_the_one_asked_for():
    many = ImageSet(torch.zeros(20_000, 1, 1, 1), torch.zeros(20_000), torch.arange(20_000))
    for share in (0.0, 0.3, 0.5, 1.0):
        found = BlurAugment(share=share).is_blurred(many, 0, seed=0).float().mean().item()
        assert found == pytest.approx(share, abs=0.015 if 0 < share < 1 else 0)


def test_a_fixed_coin_belongs_to_the_image_and_a_fresh_one_to_the_epoch_too():
    train = parts()[0]
    some = ImageSet(train.images[100:], train.labels[100:], train.ids[100:])
    fixed, fresh = BlurAugment(), BlurAugment(coin="epoch")
    assert torch.equal(fixed.is_blurred(train, 0, 0), fixed.is_blurred(train, 7, 0))
    assert torch.equal(fixed.is_blurred(train, 0, 0)[100:], fixed.is_blurred(some, 0, 0))
    assert not torch.equal(fixed.is_blurred(train, 0, 0), fixed.is_blurred(train, 0, 1))
    assert not torch.equal(fresh.is_blurred(train, 0, 0), fresh.is_blurred(train, 1, 0))


def test_every_image_is_either_clean_or_blurred():
    train, strategy = parts()[0], BlurAugment()
    fit_job = job(setting(strategy), {})
    mixed, blurred = strategy.mixed(train, 0, fit_job), fit_job.blur(train, 0).images
    coin = strategy.is_blurred(train, 0, 0)
    assert torch.equal(mixed[coin], blurred[coin])
    assert torch.equal(mixed[~coin], train.images[~coin])


@pytest.mark.parametrize(("share", "same"), [(0.0, Plain()), (1.0, Retrain())])
def test_blurring_no_image_is_plain_and_blurring_all_is_retrain(share, same):
    augmented = fitted(setting(BlurAugment(share=share)))
    assert changed(fitted(setting(same)).module.state_dict(), augmented.module) == set()


# --- first-n -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_units_after_the_first_n_are_bit_equal_after_fine_tuning(n):
    where = setting(FirstN(n))
    network = fitted(where).module
    difference = changed(fitted(setting(Plain())).module.state_dict(), network)
    learned = {name for i in range(min(n, 3)) for name in state_names(f"convolutions.{i}", f"norms.{i}", network)}
    if n == 4:
        learned |= {"linear.weight", "linear.bias"}
    assert difference == learned


def state_names(convolution: str, norm: str, network: nn.Module) -> set[str]:
    return {name for name in network.state_dict() if name.startswith((convolution, norm))}


def test_frozen_units_are_not_decayed_either():
    @dataclass(frozen=True)
    class Decaying(Cnn3):
        def recipe(self, purpose, budget):
            return Recipe(1, 1e-3, optimizer="adamw", weight_decay=0.5)

    classifier = Decaying((4, 8, 8))
    network = fitted(setting(FirstN(1), classifier)).module
    difference = changed(fitted(setting(Plain(), classifier)).module.state_dict(), network)
    assert difference == state_names("convolutions.0", "norms.0", network)


def test_dropout_stays_on_in_frozen_units():
    modes = []

    class Dropping(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Flatten(), nn.Linear(256, 8), nn.Dropout(0.5), nn.Linear(8, 10))
            self[2].register_forward_hook(lambda layer, given, result: modes.append(layer.training))

    @dataclass(frozen=True)
    class WithDropout(Classifier):
        def build(self, shape, classes):
            return Dropping()

        def units(self, module):
            return [[module[1]], [module[3]]]

    where = setting(FirstN(1), WithDropout())
    inputs = inputs_of(where)
    module = where.strategy.build(where)
    modes.clear()
    where.strategy.fit(module, job(where, inputs))
    assert True in modes


def test_a_position_embedding_belongs_to_no_unit_and_learns():
    where = setting(FirstN(1), PATCHY)
    difference = changed(fitted(setting(Plain(), PATCHY)).module.state_dict(), fitted(where).module)
    assert difference == {"cls_token", "pos_embed", "patch_embed.proj.weight", "patch_embed.proj.bias"}


def test_fine_tuning_starts_from_plain_and_leaves_it_alone():
    plain = fitted(setting(Plain()))
    before = state(plain.module)
    where = setting(FirstN(2))
    module = where.strategy.build(where)
    where.strategy.fit(module, job(where, {"plain": plain}))
    assert changed(before, plain.module) == set()
    assert FirstN(2).needs(where) == {"plain": PredictorNeed(Plain())}


def test_the_control_on_clean_images_never_looks_at_the_blur():
    strategy = FirstN(1, on="clean")
    assert (strategy.uses_train_blur(), strategy.knows()) == (False, "nothing")
    one, other = (fitted(setting(strategy, blur=blur)) for blur in (BLUR, Gaussian(3.0)))
    assert changed(one.module.state_dict(), other.module) == set()
    assert changed(fitted(setting(FirstN(1))).module.state_dict(), one.module) != set()


def test_more_units_than_there_are_is_declined():
    with pytest.raises(Skip, match="4 units, fewer than 5"):
        fitted(setting(FirstN(5)))


def test_a_classifier_without_units_is_declined():
    @dataclass(frozen=True)
    class Unordered(Classifier):
        def build(self, shape, classes):
            return nn.Flatten()

    assert "order" in FirstN(1).skip(setting(FirstN(1), Unordered()))
    assert FirstN(1).skip(setting(FirstN(1))) is None


def test_at_least_one_unit_learns(registry):
    with pytest.raises(UsageError, match="between 1 and"):
        registry.resolve("strategies", "first-n[n=0]")


# --- deblur-then-classify ------------------------------------------------------------------------------------------


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
    seen = training_blur(BLUR)(train, 0).images / 2 - 0.1
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
    assert sum(Darken.shown) == times * (600 + 60) + again


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


# --- patch-mask ----------------------------------------------------------------------------------------------------


def predictor_of(strategy: PatchMask, classifier: Classifier = PATCHY) -> Any:
    where = setting(strategy, classifier)
    return strategy.predictor(where, fitted(where), inputs_of(where))


def without_blank_images(strategy: PatchMask) -> torch.Tensor:
    """Which test images lose some patches in either direction, so that nothing is left whole."""
    scores = patch_laplacian_variance(parts()[2].images, 4, strategy.scope)
    below = scores < strategy.threshold
    return below.any(1) & ~below.all(1)


@pytest.mark.parametrize("scope", ["image", "patch"])
def test_masked_below_and_masked_above_are_all_patches(scope):
    below, above = (PatchMask(mask=mask, threshold=1000.0, scope=scope) for mask in ("below", "above"))
    images = parts()[2].images[without_blank_images(below)]
    assert len(images) > 50
    assert torch.equal(predictor_of(below).masked(images), ~predictor_of(above).masked(images))


def test_an_image_that_would_lose_every_patch_is_left_whole():
    flat = torch.full((2, 1, 16, 16), 0.5)
    flat[1, 0, 5, 5] = 1.0
    shares = predictor_of(PatchMask()).predict(Degraded(flat, None)).observations["masked_share"]
    assert shares[0] == 0
    assert 0.5 < shares[1] < 1


@pytest.mark.parametrize(("fill", "colour"), [("black", 0.0), ("mean", None)])
def test_masked_patches_are_painted_and_the_others_are_not(fill, colour):
    predictor = predictor_of(PatchMask(threshold=1000.0, fill=fill))
    images = parts()[2].images
    masked = predictor.masked(images)
    painted = predictor.painted(images, masked)
    tiles = painted.unfold(2, 4, 4).unfold(3, 4, 4).flatten(1, 3)
    clean = images.unfold(2, 4, 4).unfold(3, 4, 4).flatten(1, 3)
    expected = parts()[0].images.mean().item() if colour is None else colour
    torch.testing.assert_close(tiles[masked], torch.full_like(tiles[masked], expected))
    assert torch.equal(tiles[~masked], clean[~masked])
    assert 0.2 < masked.float().mean() < 0.8


def test_the_mean_colour_is_zero_to_the_standardised_network():
    where = setting(PatchMask(), PATCHY)
    network, mean = inputs_of(where)["plain"].module, fitted(where).notes["mean"]
    torch.testing.assert_close(network.mean.flatten(), torch.tensor(mean))


def test_dropping_gives_the_network_the_patches_that_are_left():
    predictor = predictor_of(PatchMask(how="drop", threshold=1000.0))
    images = parts()[2].images
    result = predictor.predict(Degraded(images, None))
    masked = predictor.masked(images)
    torch.testing.assert_close(result.logits, predictor.module(images, ~masked))
    torch.testing.assert_close(result.observations["masked_share"], masked.float().mean(1))


def test_without_a_threshold_the_best_on_blurred_validation_images_is_chosen():
    where = setting(PatchMask(threshold="validation"), PATCHY)
    notes = fitted(where).notes
    accuracies = dict(notes["tried"])
    assert tuple(sorted(accuracies)) == GRID
    assert accuracies[notes["threshold"]] == max(accuracies.values())
    validation = parts()[1]
    blurred = training_blur(BLUR)(validation, 0)
    fixed = predictor_of(PatchMask(threshold=notes["threshold"]))
    right = (fixed.predict(blurred).logits.argmax(1) == validation.labels).float().mean().item()
    assert right == pytest.approx(max(accuracies.values()))


def test_only_a_threshold_to_be_chosen_looks_at_the_training_blur():
    given, chosen = PatchMask(), PatchMask(threshold="validation")
    assert (given.uses_train_blur(), given.knows()) == (False, "nothing")
    assert (chosen.uses_train_blur(), chosen.knows()) == (True, "training blur")
    assert given.at_prediction() == (given,)


def test_a_classifier_without_patches_is_declined():
    assert "patches" in PatchMask().skip(setting(PatchMask()))
    assert PatchMask().skip(setting(PatchMask(), PATCHY)) is None


@pytest.mark.parametrize(
    ("strategy", "blurred"),
    [(Plain(), False), (Retrain(), True), (FirstN(1), True), (FirstN(1, on="clean"), False)],
    ids=["plain", "retrain", "first-n", "first-n on clean"],
)
def test_a_fit_is_validated_on_the_validation_images_as_it_meets_the_training_images(
    strategy: Strategy, blurred: bool
) -> None:
    found, (_, validation, _) = fitted(setting(strategy)), parts()
    assert found.module is not None
    images = training_blur(BLUR)(validation, 0).images if blurred else validation.images
    right = found.module(images).argmax(1) == validation.labels
    assert found.notes["final_accuracy"] == pytest.approx(right.float().mean().item())


def test_fine_tuning_goes_by_its_own_recipe() -> None:
    assert BUDGET.finetune_epochs != BUDGET.epochs
    assert fitted(setting(FirstN(1))).notes["epochs"] == BUDGET.finetune_epochs
    assert fitted(setting(Retrain())).notes["epochs"] == BUDGET.epochs
