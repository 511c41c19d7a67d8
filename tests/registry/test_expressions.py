"""Expressions: text to names and parameters."""

from __future__ import annotations

import pytest

from blurbench.errors import UsageError
from blurbench.registry import expand, parse


def test_a_bar_in_an_expression_makes_a_grid() -> None:
    assert [table["sigma"] for table in expand("gaussian[sigma=1|2|3]")] == [1, 2, 3]
    assert len(list(expand("x[a=1|2, b=3|4]"))) == 4


def test_commas_and_bars_inside_brackets_do_not_split() -> None:
    table = parse("chain[steps=[gaussian[sigma=1, size=9], diagonal-motion]]")
    assert table["steps"] == ["gaussian[sigma=1, size=9]", "diagonal-motion"]


PATHS = ["/data/photos", "./photos", "~/photos", "../photos", "photos/cats", "/my photos", "2024/05/01", "2024-holiday"]


@pytest.mark.parametrize("path", [*PATHS, "ärzte", "_new", "-x", "$HOME/x", "/a=b", "/a#b"])
def test_a_path_needs_no_quotes(path: str) -> None:
    assert parse(f"imagefolder[path={path}]") == {"name": "imagefolder", "path": path}


@pytest.mark.parametrize("path", ["/a's", "/a[1]", '/a"b'])
def test_a_path_with_signs_that_mean_something_is_refused_with_what_it_needs(path: str) -> None:
    with pytest.raises(UsageError, match=r"need quotes|closing bracket") as refused:
        parse(f"imagefolder[path={path}]")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("text", ["2024-05-01", "2024-05-01T10:00:00", "10:00:00"])
def test_what_looks_like_a_date_is_a_text(text: str) -> None:
    assert parse(f"imagefolder[path={text}]") == {"name": "imagefolder", "path": text}


def test_a_grid_is_not_split_inside_quotes() -> None:
    assert [table["text"] for table in expand('strange[text="a|b"|"c"]')] == ["a|b", "c"]


def test_brackets_without_end_are_refused_in_one_line() -> None:
    with pytest.raises(UsageError, match="nested more than 50 deep"):
        parse("chain[steps=" + "[" * 1000 + "]" * 1000 + "]")
