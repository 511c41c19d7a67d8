"""What a wrong sigma costs: rows that deconvolve with one sigma whatever they see, over the sigma they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blurbench.board.render.drawing import GREY, SETTINGS, plain, save
from blurbench.results.record import Line, Manifest, Record

__all__ = ["Cost", "costs_of", "draw_costs"]

LEAST = 3
"""Sigmas told, below which there is no curve."""


@dataclass(frozen=True)
class Cost:
    """One point: the true sigma of a test blur, the sigma told, and what came of it, means over seeds."""

    dataset: str
    blur: str
    true: float
    told: float
    psnr: float
    top1: float


def costs_of(manifest: Manifest, records: Mapping[str, Record]) -> list[Cost]:
    """All points of a board, in order; none where fewer than three sigmas were told."""
    found: dict[tuple[str, str, float, float], list[Record]] = {}
    for line in manifest.lines:
        record = records.get(line.key)
        if record is None or record.metrics is None or record.metrics.restored_psnr is None:
            continue
        told, true = _told(record), _true(record.test_blur.spec)
        if told is not None and true is not None:
            found.setdefault(_place(line, true, told), []).append(record)
    if len({told for *_, told in found}) < LEAST:
        return []
    return [Cost(*place, _mean(members, "restored_psnr"), _mean(members, "top1")) for place, members in found.items()]


def _place(line: Line, true: float, told: float) -> tuple[str, str, float, float]:
    return (line.dataset, line.test_blur, true, told)


def _mean(records: list[Record], metric: str) -> float:
    return sum(float(getattr(record.metrics, metric)) for record in records) / len(records)


def _told(record: Record) -> float | None:
    """The one sigma that a row's restorer is told, if that is what it does."""
    restorer = record.strategy.spec.get("restorer")
    estimator = restorer.get("estimator") if isinstance(restorer, dict) else None
    sigma = estimator.get("sigma") if isinstance(estimator, dict) and estimator.get("name") == "constant" else None
    return float(sigma) if isinstance(sigma, int | float) else None


def _true(blur: Mapping[str, Any]) -> float | None:
    """The one sigma of a Gaussian, alone or the only blur of a chain."""
    steps = blur.get("steps") or [blur]
    sigmas = [step.get("sigma") for step in steps if isinstance(step, dict) and step.get("name") == "gaussian"]
    return float(sigmas[0]) if len(sigmas) == 1 and isinstance(sigmas[0], int | float) else None


def draw_costs(costs: list[Cost], path: Path) -> None:
    """Write a picture: PSNR and top-1 over the error of sigma, a curve for each data set and blur."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(8.0, 3.4), layout="constrained")
        panels = figure.subplots(1, 2)
        for dataset, blur, true in dict.fromkeys((cost.dataset, cost.blur, cost.true) for cost in costs):
            curve = sorted(
                (one for one in costs if (one.dataset, one.blur) == (dataset, blur)), key=lambda one: one.told
            )
            errors = [one.told - true for one in curve]
            name = plain(f"{dataset}, {blur}", 60)
            panels[0].plot(errors, [one.psnr for one in curve], "o-", markersize=3, label=name)
            panels[1].plot(errors, [100 * one.top1 for one in curve], "o-", markersize=3, label=name)
        for panel, heading in zip(panels, ("PSNR of the restored images, dB", "top-1, %"), strict=True):
            panel.axvline(0, color=GREY, linewidth=0.8, linestyle=":")
            panel.set_title(heading, color=GREY, fontsize=10)
            panel.set_xlabel("sigma told - true sigma, pixels", color=GREY)
            panel.tick_params(colors=GREY)
            panel.grid(color=GREY, alpha=0.25, linewidth=0.6)
            panel.spines[:].set_visible(False)
            panel.patch.set_alpha(0)
        panels[1].legend(fontsize=7, frameon=False, labelcolor=GREY)
        save(figure, path)
