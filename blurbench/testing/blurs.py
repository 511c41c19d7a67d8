"""What a blur promises: a pure function of ids, parameters and seed, and a PSF that is the one it used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, get_args

import torch
from torch import Tensor

from blurbench.contract import Blur, Degraded, ImageSet, Padding, SigmaMap
from blurbench.errors import UsageError
from blurbench.imaging.convolution import convolve
from blurbench.imaging.draws import Draws
from blurbench.imaging.psf import dense
from blurbench.imaging.received import check_degraded
from blurbench.registry import Registry
from blurbench.registry.registry import plugins_in
from blurbench.testing.guards import check_rows, is_reading, undisturbed
from blurbench.testing.report import Report
from blurbench.testing.samples import pictures

__all__ = ["check_blur"]

AGREES = 1e-4
"""Up to so much a blur's images may differ from the convolution with the PSF that it states."""


def check_blur(report: Report, registry: Registry, blur: Blur) -> None:
    """Check a blur on crops of photographs, grey and colour."""
    for channels in (1, 3):
        images = pictures(channels, 6, 72, 64)
        _check_answers(report, blur, images)
        with report.trying("degrading"):
            with undisturbed(report, "degrading"), is_reading(report, "degrading", images):
                degraded = _degraded(blur, images)
            check_degraded("degrading", degraded, images.images)
            _check_psf(report, blur, images, degraded)
    _check_draws(report, blur, pictures(1, 6, 72, 64))
    _check_paddings(report, registry, blur, pictures(1, 3, 72, 64))
    _check_families(report, blur)


def _degraded(blur: Blur, images: ImageSet, seed: int = 0, scope: tuple[str | int, ...] = ("train", 0)) -> Degraded:
    return blur.degrade_set(images, Draws(images.ids, seed, scope, images.images.device))


def _check_answers(report: Report, blur: Blur, images: ImageSet) -> None:
    def take(rows: Tensor) -> ImageSet:
        assert images.recorded is not None
        return ImageSet(images.images[rows], images.labels[rows], images.ids[rows], images.recorded[rows])

    check_rows(report, "degrading", take, lambda some: _degraded(blur, some).images, len(images), inference=False)


# --- draws ---------------------------------------------------------------------------------------------------------


def _check_draws(report: Report, blur: Blur, images: ImageSet) -> None:
    """What changes the result must have been drawn: what draws nothing is blurred once and kept for all epochs."""
    with report.trying("degrading"):
        draws = Draws(images.ids, 0, ("train", 0))
        first = blur.degrade_set(images, draws).images
        others = {
            "the seed": _degraded(blur, images, seed=1).images,
            "the epoch": _degraded(blur, images, scope=("train", 1)).images,
            "the ids": _degraded(blur, replace(images, ids=images.ids + 1000)).images,
        }
        for what, other in others.items():
            differs = not torch.equal(first, other)
            report.expect(
                draws.drawn or not differs,
                f"its result depends on {what}, but it asked its draws for nothing",
                "take all that is random from draws(name, quantity), draws.uniform, .normal or .integers",
            )
            report.expect(
                differs or not draws.drawn,
                f"it draws, but its result does not depend on {what}",
                "use what is drawn, or draw nothing: what draws nothing is blurred once and kept",
            )


# --- PSFs ----------------------------------------------------------------------------------------------------------


def _check_psf(report: Report, blur: Blur, images: ImageSet, degraded: Degraded) -> None:
    """The PSF that is stated must be the one that was used."""
    psf = degraded.psf
    if psf is None:
        return
    half = 0
    if not isinstance(psf, SigmaMap):
        weights = dense(psf).weights
        half = weights.shape[-1] // 2
        light = weights.sum((1, 2))
        report.expect(
            bool((light - 1).abs().max() < AGREES),
            f"the weights of its PSF sum to {float(light[(light - 1).abs().argmax()]):.4f}",
            "divide them by their sum: a blur takes no light away",
        )
    expected = convolve(images.images, psf, degraded.padding)
    # Where several blurs follow each other, each had its own border, so their composition holds in the interior.
    inner = half if any(plugins_in(blur)) else 0
    for margin, where in ((half, ""), (inner, " near the border")):
        if not _agrees(report, degraded, expected, margin, where):
            return


def _agrees(report: Report, degraded: Degraded, expected: Tensor, margin: int, where: str) -> bool:
    if 2 * margin >= min(expected.shape[-2:]):
        return True
    rows, columns = (slice(margin, length - margin) for length in expected.shape[-2:])
    off = (degraded.images - expected)[..., rows, columns]
    if degraded.noise_std:
        spread = float(off.square().mean().sqrt())
        return report.expect(
            degraded.noise_std / 2 < spread < 2 * degraded.noise_std,
            f"its images differ{where} from the convolution with its PSF by {spread:.2g} (standard deviation), and "
            f"noise_std says {degraded.noise_std:.2g}",
            "state the noise on the 0..1 scale in Degraded(..., noise_std=...)",
        )
    return report.expect(
        float(off.abs().max()) < AGREES,
        f"its images differ{where} from the convolution with the PSF and padding that it states by up to "
        f"{float(off.abs().max()):.2g}",
        "state the PSF that was used (an offset is where the light goes) and its padding, or None where there is none",
    )


def _check_paddings(report: Report, registry: Registry, blur: Blur, images: ImageSet) -> None:
    """Every padding that can be asked for is the one that is met."""
    for one in _padded_in_all_ways(blur):
        with report.trying(f"padding {one.padding!r}"):
            try:
                degraded = _degraded(one, images)
            except UsageError as error:  # a wide blur: mirror images do not reach as far
                report.left_out(f"padding {one.padding!r}", error)
                continue
            if degraded.psf is None:
                return
            report.expect(
                degraded.padding == one.padding,
                f"asked for padding {one.padding!r}, it states {degraded.padding!r}",
                "give Degraded(..., padding=self.padding), and pass it to convolve",
            )
            _check_psf(report, one, images, degraded)


def _padded_in_all_ways(blur: Blur) -> Iterator[Blur]:
    if "padding" in {item.name for item in fields(blur)}:  # type: ignore[arg-type]
        values: Any = blur
        for padding in get_args(Padding):
            yield replace(values, padding=padding)


def _check_families(report: Report, blur: Blur) -> None:
    with report.trying("families()"):
        for family, values in blur.families():
            report.expect(
                isinstance(family, str) and bool(family) and all(isinstance(name, str) for name in values),
                f"families() names {family!r:.40}",
                "give pairs of a family's name and its parameters by name",
            )
