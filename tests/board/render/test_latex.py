"""The rankings of a board for papers."""

from __future__ import annotations

from blurbench.board.render import latex, page


def test_a_gain_that_rounds_to_nothing_is_no_negative_zero_in_latex_and_in_charts(board):
    for strategy, right in (("plain", 5000), ("other", 4999)):
        board.cell("gaussian-2", strategy, hits="1" * right + "0" * (10_000 - right))
        board.timing(strategy, 1.0, 0.1)
    result = board.standings()
    assert "& $+0.0$ & $[+0.0, +0.0]$ &" in latex.render(result)
    assert "other: +0.0 points for +0.000 ms an image" in page.render(result)


def test_latex_escapes_names(result):
    text = latex.render(result)
    assert r"\{\{ 7*7 \}\}" in text
    assert r"\textless{}script\textgreater{}" in text
    assert text.count(r"\begin{longtable}") == text.count(r"\end{longtable}") == 1
