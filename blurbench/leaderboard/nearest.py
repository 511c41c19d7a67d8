"""Which measured blur answers a question about a blur: itself, or the nearest of its family."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from blurbench.errors import Unavailable, UsageError
from blurbench.leaderboard.rows import CLEAN
from blurbench.protocols import Blur
from blurbench.registry import Menu, label
from blurbench.results.record import Manifest, Record
from blurbench.types import Choice, Range

__all__ = ["Answering", "answering_blur"]

SENSOR = "sensor"
"""The family of noise and rounding, which make no other blur."""


@dataclass(frozen=True)
class Answering:
    """The test blur of a board that stands for the one that was asked about."""

    asked: str
    test_blur: str
    """As the board calls it."""
    meaning: str
    """Its shortest expression."""
    is_exact: bool


def answering_blur(menu: Menu, manifest: Manifest, records: Mapping[str, Record], asked: str) -> Answering:
    """Look up a blur by the board's name for it, or by an expression. Raises Unavailable where nothing is like it."""
    measured = _measured(manifest, records)
    if asked in measured:
        return Answering(asked, asked, measured[asked].test_blur.label, is_exact=True)
    wanted: Blur = menu.resolve("blurs", asked)
    blurs = dict(_resolved(menu, measured))
    for name, blur in blurs.items():
        if blur == wanted:
            return Answering(asked, name, label(menu, blur), is_exact=True)
    distances = {name: _distance(wanted, blur) for name, blur in blurs.items() if name != CLEAN}
    near = min(distances, key=lambda name: distances[name], default="")
    if not near or math.isinf(distances[near]):
        raise Unavailable(
            f"{asked} was not measured on this board, and no other blur of its family; measured are: "
            f"{', '.join(name for name in measured if name != CLEAN)}"
        )
    return Answering(asked, near, label(menu, blurs[near]), is_exact=False)


def _measured(manifest: Manifest, records: Mapping[str, Record]) -> dict[str, Record]:
    """A record of each test blur, in ladder order."""
    found: dict[str, Record] = {}
    for line in manifest.lines:
        if line.key in records and records[line.key].status == "ok":
            found.setdefault(line.test_blur, records[line.key])
    order = {name: place for place, name in enumerate(manifest.test_blurs)}
    return dict(sorted(found.items(), key=lambda item: order.get(item[0], len(order))))


def _resolved(menu: Menu, measured: Mapping[str, Record]) -> Iterable[tuple[str, Blur]]:
    for name, record in measured.items():
        try:
            yield name, menu.resolve("blurs", record.test_blur.spec)
        except UsageError:  # of a plugin that is not installed here
            continue


def _distance(one: Blur, other: Blur) -> float:
    """How far apart two blurs of one family are: factors between their parameters, in powers of e; else infinity."""
    (steps, noise), (other_steps, other_noise) = _steps(one), _steps(other)
    if [family for family, _ in steps] != [family for family, _ in other_steps]:
        return math.inf
    far = 0.01 * abs(noise - other_noise)
    for (_, values), (_, other_values) in zip(steps, other_steps, strict=True):
        for name in values.keys() | other_values.keys():
            far += _apart(values.get(name), other_values.get(name))
    return far


def _steps(blur: Blur) -> tuple[list[tuple[str, Mapping[str, Any]]], int]:
    """The optical steps, and the number of steps in the sensor."""
    steps = blur.families()
    optical = [step for step in steps if step[0] != SENSOR]
    return optical, len(steps) - len(optical)


def _apart(one: Any, other: Any) -> float:
    if one == other:
        return 0.0
    middles = _middle(one), _middle(other)
    if None in middles:
        return 1.0
    a, b = (abs(middle or 0.0) + 1e-3 for middle in middles)
    return abs(math.log(a / b))


def _middle(value: Any) -> float | None:
    match value:
        case bool():
            return None
        case int() | float():
            return float(value)
        case Range(low=low, high=high):
            return (low + high) / 2
        case Choice(choice=choice):
            return sum(choice) / len(choice)
        case _:
            return None
