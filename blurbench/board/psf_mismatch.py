"""What a wrong PSF costs: rows that deconvolve with one sigma whatever they see, over the sigma that they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blurbench.board.outcomes import Outcomes
from blurbench.contract import Blur
from blurbench.registry.discovery import discover

__all__ = ["MismatchPoint", "mismatch_curves"]

LEAST = 3
"""Sigmas told, below which there is no curve."""


@dataclass(frozen=True)
class MismatchPoint:
    """The true sigma of a test blur, the sigma told, and what came of it, means over seeds and classifiers."""

    dataset: str
    blur: str
    true: float
    told: float
    psnr: float
    top1: float


def mismatch_curves(outcomes: Outcomes) -> list[MismatchPoint]:
    """All points of a board, in order; none where fewer than three sigmas were told."""
    told = {row.facts.told_sigma for _, _, row in outcomes.each_row() if row.facts} - {None}
    if len(told) < LEAST:
        return []
    frame = outcomes.frame()
    true = {name: _sigma(facts.meaning.spec) for name, facts in outcomes.blurs.items()}
    frame["true_sigma"] = frame["test_blur"].map(true).astype(float)
    frame = frame.dropna(subset=["told_sigma", "true_sigma", "restored_psnr"])
    if frame["told_sigma"].nunique() < LEAST:
        return []
    axes = ["dataset", "test_blur", "true_sigma", "told_sigma"]
    means = frame.groupby(axes, sort=False)[["restored_psnr", "top1"]].mean()
    return [MismatchPoint(*point) for point in means.reset_index().itertuples(index=False, name=None)]


def _sigma(config: Mapping[str, Any]) -> float | None:
    """The one sigma of a blur, alone or in a chain; None, too, where its plugin is not installed."""
    blur: Blur | None = discover().find("blurs", config)
    sigmas = [values["sigma"] for _, values in blur.families() if "sigma" in values] if blur else []
    return float(sigmas[0]) if len(sigmas) == 1 and isinstance(sigmas[0], int | float) else None
