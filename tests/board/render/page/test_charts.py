"""Where the lines and points of the page's charts lie."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from blurbench.board import pareto
from blurbench.board.render import page
from blurbench.board.render.page import charts


def page_of(board, strips=()) -> str:
    return page.render(board.standings(), strips)


def legend_of(text: str) -> list[str]:
    return re.findall(r"<li><span class=\"swatch\"[^>]*></span>(.*?)</li>", text)


def test_a_control_has_a_line_where_it_differs_and_then_a_dashed_one_after_the_others(ladder):
    ladder.specs["identity-same"] = ladder.specs["identity-other"] = {
        "name": "deblur-then-classify",
        "restorer": {"name": "identity"},
    }
    for blur, right in (("none", 85), ("gaussian-1", 85), ("gaussian-2", 80), ("gaussian-4", 55)):
        ladder.cell(blur, "identity-same", hits="1" * right + "0" * (100 - right))
        ladder.cell(blur, "identity-other", hits="1" * (right + 5) + "0" * (95 - right))
    text = page_of(ladder)
    assert legend_of(text) == [
        "plain",
        "retrain on gaussian-2",
        "identity-other (control: identity)",
        "wiener (told the true PSF)",
    ]
    assert re.findall(r'stroke-dasharray="([^"]+)"', text) == ["8 4", "3 4"]


def test_the_front_is_explained_and_the_baseline_may_be_on_it(board):
    for strategy, right, milliseconds in (("plain", 50, 1.0), ("slow", 30, 5.0)):
        board.cell("gaussian-2", strategy, hits="1" * right + "0" * (100 - right))
        board.timing(strategy, milliseconds, 0.1)
    text = page_of(board)
    assert f"<dt>front</dt><dd>{pareto.MEANING}</dd>" in text
    assert legend_of(text) == ["plain"]
    assert "<title>plain: the baseline</title>" in text


@pytest.mark.parametrize("most", [0.004, 0.9, 3.32, 47.0, 1500.0])
def test_the_axis_of_prices_is_marked_near_its_right_end_and_its_texts_do_not_touch(board, most):
    for strategy, right, milliseconds in (("plain", 50, 1.0), ("slow", 60, 1.0 + most)):
        board.cell("gaussian-2", strategy, hits="1" * right + "0" * (100 - right))
        board.timing(strategy, milliseconds, 0.1)
    (ranking,) = board.standings().rankings
    chart = charts.pareto(ranking)
    assert chart.x_ticks[0].text == "0"
    assert chart.x_ticks[-1].at > (chart.left + chart.right) / 2
    assert all(b.at - a.at > 3.5 * (len(a.text) + len(b.text)) for a, b in pairwise(chart.x_ticks))
