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
    tested: ImageSet,
    degraded: Sequence[Degraded],
    output: Output,
    are_sharp: bool = True,
) -> OwnMetrics:
    """What the metrics that a suite asks for say of every test image; `are_sharp` is False where `tested` were
    photographed blurred. Raises PluginError, or NotFinite."""
    metrics: list[Metric] = [registry.resolve("metrics", config) for config in configs]
    return {
        label(registry, metric): _measured(metric, _parts(tested, degraded, output, are_sharp)) for metric in metrics
    }


def _measured(metric: Metric, parts: Iterable[Answered]) -> list[float | None]:
    who, values = f"metric {type(metric).__name__}", []
    for answered in parts:
        count = len(answered.labels)
        check_metric(who, numbers := metric.measure(answered), count, metric.limits)
        values += [None if number != number else float(f"{number:.6g}") for number in numbers.tolist()]
    return values


def _parts(tested: ImageSet, degraded: Sequence[Degraded], output: Output, are_sharp: bool) -> Iterator[Answered]:
    """As the images were blurred together; copies, since other rows and metrics meet the same tensors."""
    start = 0
    for part in degraded:
        rows = slice(start, start := start + len(part.images))
        yield Answered(
            output.logits[rows].clone().float(),
            tested.labels[rows].clone(),
            tested.images[rows].clone() if are_sharp else None,
            part.images.clone(),
            None if output.restored is None else output.restored[rows].clone(),
        )
