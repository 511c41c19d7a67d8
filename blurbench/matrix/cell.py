"""A cell: one point of the matrix, what it is made of, and where it stands on the board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from blurbench.contract.plugin import Plugin
from blurbench.imaging.values import Shape

__all__ = ["Cell", "Data"]


@dataclass(frozen=True)
class Data:
    """What planning needs to know of a data set: `key` finds the decoded arrays, `fingerprint` is their hash."""

    key: str
    fingerprint: str
    shape: Shape
    classes: int
    train: int
    """Number of training images."""
    test: int
    """Number of test images."""


@dataclass(frozen=True, eq=False)
class Cell:
    """One measurement of the matrix. `skip` says why it cannot be had; it has no task then."""

    key: str
    measure: str
    """The name of the measurement."""
    labels: Mapping[str, str]
    """By axis, as the suite words its value; empty where the cell has none."""
    seed: int
    plugins: Mapping[str, Plugin]
    """By axis, without the axes that the cell has no value of."""
    identity: Mapping[str, Any]
    """What its record says of it whether it succeeds or not, as JSON."""
    skip: str = ""
