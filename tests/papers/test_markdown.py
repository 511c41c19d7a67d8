"""A report as text."""

from __future__ import annotations

from blurbench.papers.markdown import render
from blurbench.papers.report import Filled, Report, Table


def test_a_reason_names_the_rows_and_the_columns_that_lack_a_figure_for_it() -> None:
    cells = (
        Filled("usps", "blurry", 92.33, reason="no USPS"),
        Filled("usps", "restored", 93.57, reason="no USPS"),
        Filled("digits", "blurry", measured=95.4),
        Filled("digits", "restored", reason="no USPS"),
    )
    table = Table("Table 5", "top-1", "percent", ("blurry", "restored"), cells)

    text = render(Report("paper", "Somebody 2022", "suite", "quick", (table,), (), ()))

    assert "\n- usps: no USPS\n" in text
    assert "\n- digits (restored): no USPS\n" in text
