"""Markdown tables and lists."""

from __future__ import annotations

from blurbench.board.render.tables import bullets, table


def test_a_column_that_is_empty_for_all_is_left_out_and_numbers_stay_as_they_are_written() -> None:
    text = table([1, 2], [("n", "{:.2f}".format), ("nothing", lambda _: ""), ("even", lambda n: "yes" * (n == 2))])
    assert text.splitlines()[::2] == ["| n    | even   |", "| 1.00 |        |"]
    assert text.splitlines()[-1] == "| 2.00 | yes    |"


def test_a_list_has_a_line_for_each() -> None:
    assert bullets(["a", "b"]) == "- a\n- b"
