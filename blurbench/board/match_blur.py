"""Which measured blur answers a question about a blur: itself, or the nearest of its family."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from blurbench.board.schema import CLEAN, Meaning
from blurbench.contract import Blur, Choice, Range
from blurbench.errors import Unavailable, UnknownName
from blurbench.registry import Registry, label

__all__ = ["BlurMatch", "Outside", "match_blur"]

SENSOR = "sensor"
"""The family of noise and rounding, which make no other blur."""


@dataclass(frozen=True)
class Outside:
    """A parameter that was asked for and lies beyond all that was measured."""

    parameter: str
    asked: float
    low: float
    high: float
    """What the family was measured at. Of ranges and choices the middle counts."""


@dataclass(frozen=True)
class BlurMatch:
    """The test blur of a board that stands for the one that was asked about."""

    asked: str
    test_blur: str
    """As the board calls it."""
    meaning: str
    """Its shortest expression."""
    is_exact: bool
    outside: tuple[Outside, ...] = ()
    same_sensor: bool = True
    """Noise and rounding are the same in both."""


def match_blur(registry: Registry, measured: Mapping[str, Meaning], asked: str) -> BlurMatch:
    """Look up a blur by the board's name for it, or by an expression; `measured` are the board's, in ladder order.

    Raises:
        UsageError: it is neither on the board nor an expression for a blur.
        Unavailable: nothing on the board is like it.
    """
    if asked in measured:
        return BlurMatch(asked, asked, measured[asked].expression, is_exact=True)
    if "[" not in asked and asked not in registry.entries["blurs"]:  # a name alone may be the board's or a plugin's
        raise UnknownName("blur, to this board and to blurbench:", asked, [*measured, *registry.entries["blurs"]])
    wanted: Blur = registry.resolve("blurs", asked)
    found = {name: registry.find("blurs", meaning.spec) for name, meaning in measured.items()}
    blurs: dict[str, Blur] = {name: blur for name, blur in found.items() if blur is not None}
    for name, blur in blurs.items():
        if blur == wanted:
            return BlurMatch(asked, name, label(registry, blur), is_exact=True)
    alike = {name: far for name, blur in blurs.items() if name != CLEAN and (far := _distance(wanted, blur)) < math.inf}
    if not alike:
        known = ", ".join(name for name in measured if name != CLEAN)
        raise Unavailable(
            f"{asked} was not measured on this board, and no other blur of its family; measured are: {known or 'none'}"
        )
    near = min(alike, key=lambda name: alike[name])
    outside = tuple(_outside(wanted, [blurs[name] for name in alike]))
    return BlurMatch(
        asked,
        near,
        label(registry, blurs[near]),
        is_exact=False,
        outside=outside,
        same_sensor=_steps(wanted)[1] == _steps(blurs[near])[1],
    )


def _distance(one: Blur, other: Blur) -> float:
    """How far apart two blurs of one family are: factors between their parameters, in powers of e; else infinity."""
    (steps, noise), (other_steps, other_noise) = _steps(one), _steps(other)
    if [family for family, _ in steps] != [family for family, _ in other_steps]:
        return math.inf
    far = 0.01 * abs(len(noise) - len(other_noise)) + 0.005 * (bool(noise) != bool(other_noise))
    for (_, values), (_, other_values) in zip(steps, other_steps, strict=True):
        for name in values.keys() | other_values.keys():
            far += _apart(values.get(name), other_values.get(name))
    return far


Steps: TypeAlias = list[tuple[str, Mapping[str, Any]]]


def _steps(blur: Blur) -> tuple[Steps, Steps]:
    """The optical steps, and those in the sensor."""
    steps = blur.families()
    return [step for step in steps if step[0] != SENSOR], [step for step in steps if step[0] == SENSOR]


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


def _outside(wanted: Blur, measured: Iterable[Blur]) -> Iterator[Outside]:
    """The numbers of `wanted` beyond those of blurs that are all of its family."""
    others = [_numbers(blur) for blur in measured]
    for (place, parameter), value in _numbers(wanted).items():
        values = [other[place, parameter] for other in others if (place, parameter) in other]
        if values and not min(values) <= value <= max(values):
            yield Outside(parameter, value, min(values), max(values))


def _numbers(blur: Blur) -> dict[tuple[int, str], float]:
    steps = _steps(blur)[0]
    found = {(place, name): _middle(value) for place, (_, values) in enumerate(steps) for name, value in values.items()}
    return {key: middle for key, middle in found.items() if middle is not None}
