"""What a restorer promises: it learns, keeps the shape, and treats each image by itself."""

from __future__ import annotations

from typing import Any, get_args

import torch
from torch import Tensor, nn

from blurbench.contract import Blur, ImageSet, Knows, Restorer, Shape
from blurbench.imaging.draws import Draws
from blurbench.imaging.received import check_images
from blurbench.registry import Registry
from blurbench.testing.fitting import check_again, check_learning, check_recipe, check_stored, fit_restorer, seeded
from blurbench.testing.guards import check_rows, equal_states, frozen_state, undisturbed
from blurbench.testing.report import Report
from blurbench.testing.samples import SampleBlur, pictures

__all__ = ["check_restorer"]

SHAPES = (Shape(1, 32, 32), Shape(3, 32, 32), Shape(1, 29, 30))
"""Grey, colour, and sides that no stride divides."""


def check_restorer(report: Report, registry: Registry, restorer: Restorer) -> None:
    """Fit a restorer to crops of photographs and have it restore others."""
    _check_statements(report, restorer)
    blur = SampleBlur()
    for shape in SHAPES:
        with report.trying(f"restoring images of {shape}"):
            _check_restoring(report, restorer, shape, blur)
    if restorer.trainable:
        check_recipe(report, restorer.recipe)
        with report.trying("fitting"):
            _check_fitting(report, restorer, blur)


def _check_statements(report: Report, restorer: Restorer) -> None:
    known: Any = restorer.knows
    report.expect(
        known in get_args(Knows) and known != "true PSF",
        f"knows is {known!r:.40}",
        "a Restorer knows 'nothing' or the 'training blur'; what is told the PSF derives from Deconvolver",
    )
    with report.trying("fitted_as()"):
        itself = restorer.fitted_as()
        report.expect(
            itself.fitted_as() == itself, "fitted_as() of fitted_as() is another one", "give a fixed representative"
        )


def _check_restoring(report: Report, restorer: Restorer, shape: Shape, blur: Blur) -> None:
    with undisturbed(report, "build()", may_draw=True):
        built = seeded(lambda: restorer.build(shape))
    is_built = built is not None
    report.expect(
        is_built or not restorer.trainable,
        "trainable is True, but build() gives no network",
        "give build(shape), or set trainable: ClassVar[bool] = False",
    )
    report.expect(
        restorer.trainable or not is_built,
        "build() gives a network, but trainable is False, so that nobody builds or stores it",
        "set trainable = True and give fit(), or give load(shape) where its weights exist already",
    )
    if restorer.trainable and not is_built:
        return
    module = built if restorer.trainable else _loaded(report, restorer, shape)
    network = None if module is None else module.eval().requires_grad_(False)
    blurred = _blurred(blur, pictures(shape.channels, 5, shape.height, shape.width))
    check_rows(
        report,
        f"restoring images of {shape}",
        lambda rows: blurred[rows],
        lambda images: _restored(restorer, images, network),
        len(blurred),
    )


def _loaded(report: Report, restorer: Restorer, shape: Shape) -> nn.Module | None:
    """The network whose weights exist already."""
    with undisturbed(report, "load()", may_draw=True):  # some libraries draw when they are imported
        first = restorer.load(shape)
    with undisturbed(report, "load()"):
        again = restorer.load(shape)
    report.expect(
        equal_states(frozen_state(first), frozen_state(again)),
        "load() gives other weights when it is asked again",
        "take every weight from the files that files() names",
    )
    return again


def _restored(restorer: Restorer, images: Tensor, module: nn.Module | None) -> Tensor:
    restored = restorer.restore(images, module)
    check_images("restore()", restored, images)
    return restored


def _blurred(blur: Blur, images: ImageSet) -> Tensor:
    return blur.degrade_set(images, Draws(images.ids, 0, ("train", 0))).images


def _check_fitting(report: Report, restorer: Restorer, blur: Blur) -> None:
    train, validation = pictures(1, 32, 32, 32), pictures(1, 8, 32, 32, first=32)
    blurred = _blurred(blur, train)

    def error(module: nn.Module) -> float:
        with torch.inference_mode():
            return float((_restored(restorer, blurred, module) - train.images).square().mean())

    fresh = seeded(lambda: restorer.build(Shape(1, 32, 32)))
    if fresh is None:
        return
    before = error(fresh.eval())
    module, notes = fit_restorer(report, restorer, blur, train, validation)
    assert module is not None
    check_learning(report, notes, before, error(module), "squared error")
    again, _ = fit_restorer(report, restorer, blur, train, validation)
    check_again(report, module, again)

    def restored(network: nn.Module) -> Tensor:
        return _restored(restorer, blurred, network)

    check_stored(report, module, lambda: restorer.build(Shape(1, 32, 32)), restored, "restores differently")
