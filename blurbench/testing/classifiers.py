"""What a classifier promises: logits for images of a shape, units that hold its weights, and that it can learn."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn

from blurbench.contract import Classifier, FitJob, PatchClassifier, Setting, Shape
from blurbench.imaging.received import check_shape
from blurbench.registry import Registry
from blurbench.testing.fitting import Blurring, check_learning, check_recipe, check_stored, fitted, seeded
from blurbench.testing.guards import check_rows, equal_states, frozen_state, is_reading, undisturbed
from blurbench.testing.report import Report
from blurbench.testing.samples import BUDGET, SampleBlur, SampleDigits, SampleStrategy, digit_sets, pictures

__all__ = ["check_classifier"]

SHAPES = (Shape(1, 28, 28), Shape(3, 32, 32))
CLASSES = 10


def check_classifier(report: Report, registry: Registry, classifier: Classifier) -> None:
    """Ask a classifier about grey and colour crops and fit it to digits."""
    check_recipe(report, partial(classifier.recipe, "train"))
    check_recipe(report, partial(classifier.recipe, "finetune"))
    for shape in SHAPES:
        with report.trying(f"images of {shape}"):
            _check_logits(report, classifier, shape)
    with report.trying("fitting to 16x16 digits"):
        _check_learning(report, classifier)


def _built(report: Report, classifier: Classifier, shape: Shape, classes: int) -> nn.Module:
    with undisturbed(report, "build()", may_draw=True):
        module = seeded(lambda: classifier.build(shape, classes))
    assert module is not None
    return module


def _check_logits(report: Report, classifier: Classifier, shape: Shape) -> None:
    module = _built(report, classifier, shape, CLASSES)
    report.expect(
        equal_states(frozen_state(module), frozen_state(_built(report, classifier, shape, CLASSES))),
        "built twice from the same seed, it has other weights",
        "draw weights from torch's global generator alone, which is seeded before build()",
    )
    images = pictures(shape.channels, 6, shape.height, shape.width).images
    with undisturbed(report, "prepare()"), is_reading(report, "prepare()", images):
        classifier.prepare(module, images)
    module.eval().requires_grad_(False)

    def logits(some: torch.Tensor) -> torch.Tensor:
        given: torch.Tensor = module(some)
        check_shape("the network", "logits", given, (len(some), CLASSES))
        return given

    check_rows(report, f"logits for images of {shape}", lambda rows: images[rows], logits, len(images))
    with report.trying("units()"):
        _check_units(report, classifier, module)
    if isinstance(classifier, PatchClassifier):
        with report.trying("leaving patches out"):
            _check_patches(report, classifier, module, images)


def _check_units(report: Report, classifier: Classifier, module: nn.Module) -> None:
    """Every layer with weights belongs to one unit; what is no layer, such as a position embedding, to none."""
    if type(classifier).units is Classifier.units:
        report.left_out("units()", "it gives none, so first-n skips this classifier")
        return
    units = classifier.units(module)
    members = {id(part) for part in module.modules()}
    owners: dict[int, int] = {}
    for number, unit in enumerate(units):
        for layer in unit:
            report.expect(
                id(layer) in members,
                f"unit {number + 1} holds {type(layer).__name__}, which is no part of the network",
                "give the layers of the module that units() is handed",
            )
            for parameter in layer.parameters():
                report.expect(
                    owners.setdefault(id(parameter), number) == number,
                    f"units {owners[id(parameter)] + 1} and {number + 1} share a layer",
                    "give each layer to one unit",
                )
    for name, part in module.named_modules():
        is_layer = not any(True for _ in part.children()) and part is not module
        lacking = is_layer and any(id(parameter) not in owners for parameter in part.parameters())
        report.expect(
            not lacking,
            f"the layer {name!r} ({type(part).__name__}) is in no unit, so first-n never freezes it",
            "put it into a unit; a norm belongs to the unit before it",
        )


def _check_patches(report: Report, classifier: PatchClassifier, module: nn.Module, images: torch.Tensor) -> None:
    side: Any = classifier.patch
    if not report.expect(isinstance(side, int) and side > 0, f"patch is {side!r:.40}", "give the side in pixels"):
        return
    patches = (images.shape[2] // side) * (images.shape[3] // side)
    keep = torch.ones(len(images), patches, dtype=torch.bool)
    with torch.inference_mode():
        whole, kept = module(images), module(images, keep)
        report.expect(
            bool(torch.allclose(whole, kept, atol=1e-4)),
            "module(images, keep) with all patches kept gives other logits than module(images)",
            "let keep (N, P), row by row, drop tokens and change nothing else",
        )
        keep[:, : patches // 2] = False
        fewer = module(images, keep)
    check_shape("the network without half of its patches", "logits", fewer, tuple(whole.shape))
    report.expect(
        not torch.allclose(fewer, kept, atol=1e-6), "keep changes nothing", "drop the tokens that are not kept"
    )


def _check_learning(report: Report, classifier: Classifier) -> None:
    train, validation, _ = digit_sets(BUDGET)
    shape, blur, strategy = Shape(1, 16, 16), SampleBlur(), SampleStrategy()
    setting = Setting(SampleDigits(), blur, classifier, strategy, shape, CLASSES, BUDGET, 0)
    job = FitJob(setting, train, validation, Blurring(report, blur, train, validation), {})
    build = partial(classifier.build, shape, CLASSES)
    module, notes = fitted(
        report,
        build,
        lambda module: strategy.fit(module, job),
        (train, validation),
    )
    assert module is not None
    losses = notes["train_loss"]
    check_learning(report, notes, losses[0], losses[-1], "cross-entropy")
    check_stored(report, module, build, lambda network: network(train.images), "gives other logits")
