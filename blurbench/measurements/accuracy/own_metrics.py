"""What metrics of plugins measure of a cell, image by image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from blurbench.contract import Answered, Degraded, ImageSet, Metric, Output
from blurbench.imaging.received import check_metric
from blurbench.registry import Registry, label

__all__ = ["OwnMetrics", "own_metrics"]

OwnMetrics: TypeAlias = dict[str, list[float | None]]
"""By the label of a metric a number an image; None where it says nothing."""


def own_metrics(
    registry: Registry,
    configs: Iterable[Mapping[str, Any]],
    clean: ImageSet,
    degraded: Sequence[Degraded],
    output: Output,
) -> OwnMetrics:
    """What the metrics that a suite asks for say of every test image. Raises PluginError, or NotFinite."""
    metrics: list[Metric] = [registry.resolve("metrics", config) for config in configs]
    return {label(registry, metric): _measured(metric, clean, degraded, output) for metric in metrics}


def _measured(metric: Metric, clean: ImageSet, degraded: Sequence[Degraded], output: Output) -> list[float | None]:
    who, values = f"metric {type(metric).__name__}", []
    for answered in _parts(clean, degraded, output):
        numbers = metric.measure(answered)
        check_metric(who, numbers, len(answered.labels), metric.limits)
        values += [None if number != number else float(f"{number:.6g}") for number in numbers.tolist()]
    return values


def _parts(clean: ImageSet, degraded: Sequence[Degraded], output: Output) -> Iterator[Answered]:
    """As the images were blurred together; copies, since other rows and metrics meet the same tensors."""
    start = 0
    for part in degraded:
        rows = slice(start, start := start + len(part.images))
        restored = None if output.restored is None else output.restored[rows].clone()
        yield Answered(
            output.logits[rows].float(),
            clean.labels[rows].clone(),
            clean.images[rows].clone(),
            part.images.clone(),
            restored,
        )
