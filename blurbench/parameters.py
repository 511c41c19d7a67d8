"""The parameters of plugins: quantities, and the units and ranges that they are annotated with.

Lengths are in pixels, angles in degrees, noise in 1/255 unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = [
    "Choice",
    "Count",
    "Degrees",
    "Fraction",
    "Levels",
    "Limits",
    "Pixels",
    "PositiveInt",
    "Quantity",
    "Range",
    "limits_of",
]


@dataclass(frozen=True)
class Range:
    """A value drawn for each image, uniform on [low, high]."""

    low: float
    high: float

    def __post_init__(self) -> None:
        # Equal values have one key, whether a plugin's author wrote 0 or a suite's file 0.0.
        object.__setattr__(self, "low", float(self.low))
        object.__setattr__(self, "high", float(self.high))
        if not self.low < self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")


@dataclass(frozen=True)
class Choice:
    """A value drawn for each image, with equal chances for all listed values."""

    choice: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.choice:
            raise ValueError("choice needs at least one value")
        object.__setattr__(self, "choice", tuple(float(value) for value in self.choice))


Quantity: TypeAlias = float | Range | Choice
"""A number, or a rule by which a number is drawn for each image: `2`, `{low=1, high=2}`, `{choice=[1, 2, 3]}`."""


@dataclass(frozen=True)
class Limits:
    """The unit of a parameter and the range that it must lie in (both ends allowed)."""

    low: float
    high: float
    unit: str = ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def _check(self, value: Any) -> Any:
        for number in _numbers(value):
            if not self.low <= number <= self.high:
                unit = f" {self.unit}" if self.unit else ""
                raise PydanticCustomError(
                    "out_of_range", f"must lie between {self.low:g} and {self.high:g}{unit}, not {number:g}"
                )
        return value


def limits_of(hint: Any) -> Limits | None:
    """Those that a parameter's type is annotated with."""
    return next((one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Limits)), None)


def _numbers(value: Any) -> tuple[float, ...]:
    match value:
        case None:
            return ()
        case Range(low=low, high=high):
            return (low, high)
        case Choice(choice=choice):
            return choice
        case tuple():
            return value
        case _:
            return (value,)


class Pixels(Limits):
    """A length in pixels."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high, "pixels")


class Degrees(Limits):
    """An angle in degrees."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high, "degrees")


class Levels(Limits):
    """A brightness on the 0..255 scale."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(low, high, "of 255")


class Fraction(Limits):
    """A share between 0 and 1."""

    def __init__(self, low: float = 0.0, high: float = 1.0) -> None:
        super().__init__(low, high, "")


class Count(Limits):
    """A number of things."""

    def __init__(self, low: int, high: int = 1_000_000) -> None:
        super().__init__(low, high, "")


PositiveInt: TypeAlias = Annotated[int, Count(1)]
