"""Parameters are made into what a plugin's class says, or refused in one line."""

from __future__ import annotations

import builtins
from dataclasses import dataclass

import pytest

from blurbench.contract import Blur, Choice, Range, Ref
from blurbench.errors import Skip, UsageError
from blurbench.registry import Registration, Registry


def test_quantities_become_numbers_ranges_or_choices(registry: Registry) -> None:
    assert registry.resolve("blurs", "gaussian[sigma=2]").sigma == 2.0
    assert registry.resolve("blurs", "gaussian[sigma={low=1, high=2}]").sigma == Range(1, 2)
    assert registry.resolve("blurs", "gaussian[sigma={choice=[1, 2]}]").sigma == Choice((1, 2))


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("gausian[sigma=2]", "unknown blur 'gausian'; did you mean 'gaussian'?"),
        ("gaussian[sgima=2]", "unknown parameter of blur 'gaussian': 'sgima'; did you mean 'sigma'?"),
        ("gaussian", "needs the parameter 'sigma'"),
        ("gaussian[sigma=99]", "must lie between 0.05 and 30 pixels, not 99"),
        ("gaussian[sigma={low=1, high=99}]", "must lie between 0.05 and 30 pixels, not 99"),
        ("gaussian[sigma={low=2, high=1}]", "low (2) must be below high (1)"),
        ("gaussian[sigma=2, padding=mirror]", "padding"),
        ("gaussian[sigma=soft]", "sigma"),
        ("gaussian[sigma=2", "the closing bracket is missing"),
        ("gaussian[2]", "should read name=value"),
        ("chain[steps=[gausian[sigma=2]]]", "did you mean 'gaussian'"),
        ("gaussian[sigma=1|2]", "is a grid of 2"),
    ],
)
def test_a_mistake_is_refused_in_one_line_that_says_what_is_wrong(
    registry: Registry, expression: str, says: str
) -> None:
    with pytest.raises(UsageError) as caught:
        registry.resolve("blurs", expression)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("cnn3[widths=[8]]", "widths: too few values (got [8])"),
        ("cnn3[widths=[8, 8, 8, 8]]", "widths: list should have at most 3 items"),
        ("cnn3[widths=8]", "widths: input should be a valid list (got 8)"),
    ],
)
def test_a_list_of_another_length_is_refused_in_the_users_words(registry: Registry, expression: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        registry.resolve("classifiers", expression)
    assert says in str(caught.value)


def test_a_value_out_of_range_is_named_once(registry: Registry) -> None:
    with pytest.raises(UsageError, match=r"0\.05 and 30 pixels, not 99$"):
        registry.resolve("blurs", "gaussian[sigma=99]")


@dataclass(frozen=True)
class Moody(Blur):
    """Raises what a stranger's class may raise."""

    mood: str = "ValueError"
    level: object = 0

    def __post_init__(self) -> None:
        if self.mood != "none":
            raise {**vars(builtins), "Skip": Skip}[self.mood]("two\nlines \x1b[31m")


@pytest.mark.parametrize(
    ("mood", "says"),
    [
        ("ValueError", "blur 'moody': two lines [31m"),
        ("ZeroDivisionError", "blur 'moody' cannot be made: ZeroDivisionError: two lines [31m"),
        ("TypeError", "blur 'moody' cannot be made: TypeError: two lines [31m"),
        ("RuntimeError", "blur 'moody' cannot be made: RuntimeError: two lines [31m"),
    ],
)
def test_whatever_a_plugin_raises_while_it_is_made_is_one_line(mood: str, says: str) -> None:
    registry = Registry()
    registry.add(Registration("blurs", "moody", Moody, "outside", "1"))
    with pytest.raises(UsageError) as caught:
        registry.resolve("blurs", {"name": "moody", "mood": mood})
    assert str(caught.value) == says


def test_a_plugin_that_declines_while_it_is_made_is_heard() -> None:
    registry = Registry()
    registry.add(Registration("blurs", "moody", Moody, "outside", "1"))
    with pytest.raises(Skip):
        registry.resolve("blurs", "moody[mood=Skip]")


def test_a_parameter_that_cannot_be_hashed_is_refused_as_such() -> None:
    registry = Registry()
    registry.add(Registration("blurs", "moody", Moody, "outside", "1"))
    with pytest.raises(UsageError, match="its parameters must be hashable"):
        registry.resolve("blurs", {"name": "moody", "mood": "none", "level": {"a": 1}})


@dataclass(frozen=True)
class Holder(Blur):
    """Blurs as another does."""

    inner: Ref[Blur]


def test_what_is_wrong_with_a_nested_plugin_is_told_in_its_own_words() -> None:
    registry = Registry()
    for name, cls in (("moody", Moody), ("holder", Holder)):
        registry.add(Registration("blurs", name, cls, "outside", "1"))
    inner = {"name": "moody", "mood": "none", "level": {"a": 1}}
    says = (
        r"blur 'holder': inner: blur 'moody': its parameters must be hashable \(tuples instead of lists, no dicts\): "
    )
    with pytest.raises(UsageError, match=says):
        registry.resolve("blurs", {"name": "holder", "inner": inner})
