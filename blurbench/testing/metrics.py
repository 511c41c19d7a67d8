"""What a metric promises: one number for each image, its own, within its limits, or none."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from blurbench.contract import Answered, Metric
from blurbench.imaging.received import check_metric
from blurbench.registry import Registry
from blurbench.testing.guards import check_rows
from blurbench.testing.report import Report
from blurbench.testing.samples import pictures

__all__ = ["check_metric_plugin"]

CLASSES, IMAGES = 10, 6
UNDEFINED = -12345.0
"""Stands for NaN, which equals nothing."""


def check_metric_plugin(report: Report, registry: Registry, metric: Metric) -> None:
    """Have a metric measure answers on crops of photographs, grey and colour, restored and not."""
    low, high = metric.limits
    report.expect(low < high, f"limits are {low} to {high}", "give the least and the largest number that it can give")
    numbered = [
        _check_numbers(report, metric, _answered(channels, restores))
        for channels in (1, 3)
        for restores in (False, True)
    ]
    said = any(numbered) or all(some is None for some in numbered)
    report.expect(said, "it gave NaN for every image, restored or not", "give a number where there is something to say")


def _check_numbers(report: Report, metric: Metric, whole: Answered) -> bool | None:
    """Whether any image got a number; None where that could not be tried, which the report tells."""

    sharp = whole.sharp
    assert sharp is not None

    def take(rows: Tensor) -> Answered:
        restored = None if whole.restored is None else whole.restored[rows]
        return Answered(whole.logits[rows], whole.labels[rows], sharp[rows], whole.blurred[rows], restored)

    def measure(answered: Answered) -> Tensor:
        numbers = metric.measure(answered)
        check_metric("measure()", numbers, len(answered.labels), metric.limits)
        return numbers.nan_to_num(UNDEFINED, math.inf, -math.inf)

    numbers = check_rows(report, "measuring", take, measure, IMAGES)
    return None if numbers is None else bool((numbers != UNDEFINED).any())


def _answered(channels: int, restores: bool) -> Answered:
    """Photographs that moved during exposure, answered with right, wrong, sure and unsure logits."""
    images = pictures(channels, IMAGES, 40, 48)
    assert images.recorded is not None
    logits = 3 * torch.randn(IMAGES, CLASSES, generator=torch.Generator().manual_seed(0))
    restored = (2 * images.recorded - images.images).clamp(0, 1) if restores else None
    return Answered(logits, images.labels, images.images, images.recorded, restored)
