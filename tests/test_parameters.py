"""Values of parameters, their units and the ranges that they must lie in."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from blurbench.parameters import Choice, Degrees, Fraction, Limits, Pixels, PositiveInt, Quantity, Range, limits_of


def test_equal_rules_are_equal_however_their_numbers_are_written() -> None:
    assert Range(0, 2) == Range(0.0, 2.0)
    assert repr(Choice((1, 2))) == repr(Choice((1.0, 2.0)))


def test_a_rule_that_draws_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"low \(2\) must be below high \(2\)"):
        Range(2, 2)
    with pytest.raises(ValueError, match="choice needs at least one value"):
        Choice(())


@pytest.mark.parametrize(
    ("hint", "value", "says"),
    [
        (Annotated[Quantity, Pixels(0, 30)], Range(1, 31), "must lie between 0 and 30 pixels, not 31"),
        (Annotated[Quantity, Pixels(0, 30)], Choice((1, -1)), "must lie between 0 and 30 pixels, not -1"),
        (Annotated[float, Degrees(0, 180)], 181, "must lie between 0 and 180 degrees, not 181"),
        (Annotated[float, Fraction()], 1.5, "must lie between 0 and 1, not 1.5"),
        (Annotated[tuple[float, ...], Limits(1, 2)], (1, 3), "must lie between 1 and 2, not 3"),
        (PositiveInt, 0, "must lie between 1 and 1e.06, not 0"),
    ],
)
def test_every_number_of_a_value_must_lie_in_its_range(hint: Any, value: Any, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        TypeAdapter(hint).validate_python(value)


def test_both_ends_are_allowed_and_so_is_nothing() -> None:
    adapter = TypeAdapter(Annotated[float | None, Pixels(1, 3)])
    assert [adapter.validate_python(value) for value in (1, 3, None)] == [1, 3, None]
    assert limits_of(Annotated[float, Pixels(1, 3)]) == Pixels(1, 3)
    assert limits_of(float) is None
