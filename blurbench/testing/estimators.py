"""What an estimator promises: readings within its limits, each of its own image, and a map that agrees with them."""

from __future__ import annotations

import itertools
import math
from functools import partial
from typing import Any

import torch
from torch import nn

from blurbench.contract import Estimator
from blurbench.imaging.received import check_sigmas
from blurbench.registry import Registry
from blurbench.testing.fitting import check_again, check_learning, check_recipe, check_stored, fit_estimator
from blurbench.testing.guards import check_rows
from blurbench.testing.report import Report
from blurbench.testing.samples import pictures

__all__ = ["check_estimator"]

NEAR = 1e-3
"""Pixels that a map may differ from the reading of the same window."""


def check_estimator(report: Report, registry: Registry, estimator: Estimator) -> None:
    """Fit an estimator to crops of photographs where there is something to fit, and have it read others."""
    if not _check_statements(report, estimator):
        return
    module = None
    if estimator.trainable:
        check_recipe(report, estimator.recipe)
        with report.trying("fitting"):
            module = _fitted(report, estimator)
        if module is None:
            return
    for channels in (1, 3):
        with report.trying("estimating"):
            _check_readings(report, estimator, module, channels)


def _check_statements(report: Report, estimator: Estimator) -> bool:
    low, high = estimator.limits
    ok = report.expect(
        0 <= low <= high and not math.isnan(low + high),
        f"limits are {low} to {high}",
        "give the least and the largest sigma that it can answer, in pixels",
    )
    answers: Any = estimator.answers
    rising = answers is None or all(one < other for one, other in itertools.pairwise(answers))
    report.expect(rising, "answers do not rise", "list each value that it can answer once, the smallest first")
    within = answers is None or all(low - 1e-6 <= one <= high + 1e-6 for one in answers)
    report.expect(within, "answers lie beyond limits", "let limits be the first and the last of them")
    return ok and report.expect(
        isinstance(estimator.window, int) and 1 <= estimator.window <= 4096,
        f"window is {estimator.window!r:.40}",
        "give the side in pixels of the square that a reading rests on",
    )


def _fitted(report: Report, estimator: Estimator) -> nn.Module | None:
    train, validation = pictures(1, 4, 96, 96), pictures(1, 2, 96, 96, first=4)
    module, notes = fit_estimator(report, estimator, train, validation)
    if not report.expect(
        module is not None, "trainable is True, but build() gives no network", "give build(), or leave trainable False"
    ):
        return None
    assert module is not None
    if losses := notes.get("train_loss"):
        check_learning(report, notes, losses[0], losses[-1], "its own")
    again, _ = fit_estimator(report, estimator, train, validation)
    check_again(report, module, again)
    images = pictures(1, 4, estimator.window, estimator.window).images
    check_stored(report, module, estimator.build, partial(estimator.estimate, images), "reads differently")
    return module


def _check_readings(report: Report, estimator: Estimator, module: nn.Module | None, channels: int) -> None:
    window = estimator.window
    images = pictures(channels, 5, min(window + window // 2, 400), min(window + window // 4, 600)).images

    def estimate(some: torch.Tensor) -> torch.Tensor:
        sigma = estimator.estimate(some, module)
        check_sigmas("estimate()", sigma, (len(some),), estimator.limits)
        return sigma

    sigma = check_rows(report, "estimating", lambda rows: images[rows], estimate, len(images))
    if sigma is None:
        return
    report.expect(sigma.dtype == torch.float32, f"estimate() gave {sigma.dtype}", "give float32: sigma.float()")
    answers = estimator.answers
    if answers is not None:
        off = (sigma[:, None] - torch.tensor(answers)).abs().amin(1).max()
        report.expect(
            bool(off < NEAR), "estimate() gave what answers does not list", "list all, or let answers be None"
        )
    with report.trying("sigma_map()"):
        _check_map(report, estimator, module, images)


def _check_map(report: Report, estimator: Estimator, module: nn.Module | None, images: torch.Tensor) -> None:
    """Entry (i, j) is the reading of the window whose first pixel is (i stride, j stride)."""
    window, stride = estimator.window, max(1, estimator.window // 4)
    height, width = ((length - window) // stride + 1 for length in images.shape[-2:])
    with torch.inference_mode():
        found = estimator.sigma_map(images, module, stride)
        check_sigmas("sigma_map()", found, (len(images), height, width), estimator.limits)
        for i, j in itertools.product(range(height), range(width)):
            part = images[..., i * stride : i * stride + window, j * stride : j * stride + window]
            off = float((estimator.estimate(part, module) - found[:, i, j]).abs().max())
            report.expect(
                off < NEAR,
                f"sigma_map() and estimate() of the same window differ by {off:.2g} pixels",
                "let entry (i, j) be the reading of the window that begins at (i stride, j stride)",
            )
