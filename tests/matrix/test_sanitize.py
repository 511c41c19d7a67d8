"""A stranger's JSON holds nothing endless and nothing invisible."""

from __future__ import annotations

from typing import Any

import pytest

from blurbench.matrix.sanitize import check_clean


def nested(depth: int) -> Any:
    content: Any = "core"
    for _ in range(depth):
        content = [content]
    return content


@pytest.mark.parametrize("content", ["", "plain text", {"σ": ["µm", 1.5, None, True]}, nested(20), "x" * 4000])
def test_what_people_write_is_clean(content: Any) -> None:
    check_clean(content)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"title": "\x1b[31mred"}, r"title: the invisible character U\+001B"),
        ({"a": {"b": ["line\nbreak"]}}, r"a\.b: the invisible character U\+000A"),
        ({"right to left": "\u202egnp.exe"}, r"U\+202E"),
        ({"\x07": 1}, r"U\+0007"),
        ({"x": "y" * 4001}, "4001 characters"),
        (nested(30), "nested more than 24 deep"),
        (list(range(30_000)), "more than 20000 values"),
        ({"lr": float("nan")}, "lr: a number that is not finite"),
        ({"lr": [float("-inf")]}, "lr: a number that is not finite"),
        ({"epochs": 10**400}, "epochs: a number that is not finite, or larger than any"),
    ],
)
def test_the_rest_is_refused_with_its_place(content: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_clean(content)
