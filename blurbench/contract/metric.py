"""The contract of metrics, which put a number on each test image of a cell beside whether its label was right."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from blurbench.contract.plugin import Plugin

if TYPE_CHECKING:
    import torch

__all__ = ["TAKEN", "Answered", "Metric"]

TAKEN = frozenset(
    (
        *("area", "artifact", "brier", "budget", "ce", "churn", "classifier", "clean", "confidence", "control"),
        *("dataset", "exposure", "flags", "gain", "image", "key", "keys", "knows", "label", "log", "macs", "mce", "n"),
        *("observations", "own", "parameters", "predicted", "rank", "reason", "recovered", "requires", "retained"),
        *("seed", "seeds", "severity", "status", "strategy", "suite", "top1", "top5"),
    )
)
"""Columns of boards and frames, in which a metric's numbers stand under its own name."""


@dataclass(frozen=True, eq=False)
class Answered:
    """N test images of a cell, and what a predictor answered; images are float32 (N, C, H, W), sharp ones in [0, 1]."""

    logits: torch.Tensor
    """(N, classes)."""
    labels: torch.Tensor
    """The true classes, int64 (N,)."""
    sharp: torch.Tensor | None
    """The images before the test blur; None for pictures that were photographed so."""
    blurred: torch.Tensor
    """What the predictor was given."""
    restored: torch.Tensor | None = None
    """What it restored and then looked at; None where it restores nothing."""


class Metric(Plugin):
    """A number for each test image; a board shows its mean over images and seeds, with the 95% interval.

    It is measured where a suite or `--metric` asks for it, after a cell was predicted, without gradients.
    """

    limits: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    """The least and the largest number that it can give; others are refused, in the records of strangers, too."""

    def prepare(self) -> None:
        """Have at hand what it measures with, such as weights to be downloaded. A run asks for it before it fits
        anything, so that what is lacking is told at once. Raises Unavailable with how to get it."""

    @abstractmethod
    def measure(self, answered: Answered) -> torch.Tensor:
        """One number an image, floating point (N,): finite and within `limits`, or NaN where it says nothing (of what
        was not restored, say), which takes no part in the mean. An image's number depends on that image alone: others
        are handed over some hundred at a time."""
