"""What these papers printed, by the number of the paper: `anchors.csv` has the figures, `claims.toml` the claims."""

from __future__ import annotations

from pathlib import Path

from blurbench.papers import published
from blurbench.papers.published import Anchor, Statement

__all__ = ["CIFAR_COPIES", "anchors", "statements"]

HERE = Path(__file__).parent

CIFAR_COPIES = {
    "cifar10-jpeg": "CIFAR-10 was read from a copy whose images are JPEG files: its pixels differ slightly from the "
    "original's, so every figure on it is of that copy."
}
"""Data sets that hold the images of CIFAR-10 in another form, with the sentence that says so."""


def anchors(number: str) -> tuple[Anchor, ...]:
    """The figures of one paper: "000"."""
    return published.anchors(HERE / "anchors.csv", number)


def statements(number: str) -> tuple[Statement, ...]:
    """The claims of one paper, in order."""
    return published.statements(HERE / "claims.toml", number)
