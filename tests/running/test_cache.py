"""What a worker keeps between tasks."""

from __future__ import annotations

from collections.abc import Callable

from blurbench.running.cache import Recent


def counting(made: list[str], name: str) -> Callable[[], str]:
    def make() -> str:
        made.append(name)
        return name

    return make


def test_what_was_used_longest_ago_is_made_again() -> None:
    recent, made = Recent(2), list[str]()
    for name in ("a", "b", "a", "c", "a", "b"):
        assert recent.get(name, counting(made, name)) == name
    assert made == ["a", "b", "c", "b"]


def test_values_count_by_their_weight_and_the_last_one_stays_whatever_it_weighs() -> None:
    recent = Recent(5, len)
    for value in ("aa", "bbb", "c", "ddddddd"):
        recent.get(value, lambda value=value: value)  # type: ignore[misc]
    assert list(recent.values) == ["ddddddd"]


def test_what_is_forgotten_is_made_again() -> None:
    recent, made = Recent(2), list[str]()
    recent.get("a", counting(made, "a"))
    recent.drop("a")
    recent.drop("never there")
    recent.get("a", counting(made, "a"))
    assert made == ["a", "a"]
