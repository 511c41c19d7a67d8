"""The board as a web page, opened in a real headless browser where one is installed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blurbench.board import pareto
from blurbench.board.render import export, latex, page
from blurbench.board.render.page import charts

HOSTILE = '<script>document.title="hacked"</script><img src=x onerror=alert(1)>"\'{{ 7*7 }}'


@pytest.fixture
def result(board):
    for strategy, right in (("plain", 4), ("retrain", 8), ("blur-augment", 9), (HOSTILE, 5)):
        blur = "" if strategy == "plain" else "gaussian-2"
        board.cell("none", strategy, blur, hits="1" * 9 + "0")
        board.cell("gaussian-2", strategy, blur, hits="1" * right + "0" * (10 - right))
        board.timing(strategy, right / 10, 0.1)
    board.cell("gaussian-2", "told", "gaussian-2", hits="1" * 10, knows="true PSF")
    board.cell("none", "told", "gaussian-2", hits="1" * 10, knows="true PSF")
    board.failure("gaussian-2", "broken", status="failed", reason="it <b>broke</b>")
    return board.standings()


@pytest.fixture
def strips() -> list[page.Strip]:
    images = np.arange(2 * 64, dtype=np.uint8).reshape(2, 1, 8, 8)
    return [page.Strip("dots", "gaussian-2", {"clean": images, "blurred": images // 2})]


def test_the_same_standings_give_the_same_bytes(result, strips):
    assert page.render(result, strips) == page.render(result, strips)
    assert latex.render(result) == latex.render(result)


def test_json_gives_back_the_standings(result):
    assert export.parse(export.render(result), "board.json") == result


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


def test_what_blur_costs_has_one_sign_and_says_where_it_cannot_be_told_from_0(board):
    for blur, right in (("none", 50), ("worse", 10), ("better", 52)):
        board.cell(blur, "plain", hits="1" * right + "0" * (100 - right))
    text = page.render(board.standings(), [])
    assert '10.0 <span class="soft">(-40.0)</span>' in text
    assert '52.0 <span class="soft">(~+2.0)</span>' in text
    assert "100. Seeds" in text


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


def test_pictures_that_are_the_same_byte_by_byte_are_shown_once_with_all_their_names(result):
    images = np.arange(2 * 64, dtype=np.uint8).reshape(2, 1, 8, 8)
    stages = {"clean": images, "blurred": images // 2, "identity": images // 2, "one": images // 3, "two": images // 3}
    text = page.render(result, [page.Strip("dots", "gaussian-2", stages)])
    assert re.findall(r'<img [^>]*alt="([^"]+)"', text) == ["clean", "blurred, identity", "one, two"]


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


# --- in a browser --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=quiet)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, result, strips, tmp_path: Path) -> Iterator[Any]:
    """The page at desktop width; `requests` and `complaints` fill as it is used."""
    path = tmp_path / "board.html"
    path.write_text(page.render(result, strips), encoding="utf-8")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    tab = context.new_page()
    tab.requests, tab.complaints = [], []
    tab.on("request", lambda request: tab.requests.append(request.url))
    tab.on("console", lambda message: tab.complaints.append(message.text))
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on("dialog", lambda dialog: tab.complaints.append(dialog.message))
    tab.goto(path.as_uri())
    yield tab
    context.close()


def strategies(tab: Any) -> list[str]:
    return tab.locator("#overall-1 tbody tr:visible td:nth-child(2)").all_inner_texts()


def test_the_page_asks_for_nothing_and_reports_no_error(opened):
    opened.locator("#theme").click()
    assert [url for url in opened.requests if not url.startswith(("file:", "data:"))] == []
    assert opened.complaints == []


def test_hostile_names_are_text(opened):
    assert opened.title() == "Mini board"
    assert any("{{ 7*7 }}" in name for name in strategies(opened))
    assert opened.locator("main img:not([src^='data:'])").count() == 0
    assert opened.locator("main script, main b").count() == 0


def test_a_click_on_a_heading_sorts_and_another_turns_the_order_round(opened):
    by_rank = strategies(opened)
    assert by_rank[:2] == ["blur-augment", "retrain"]
    heading = opened.locator("#overall-1 th", has_text="mean gain")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert strategies(opened)[0] == "told"
    heading.locator("button").click()
    assert strategies(opened)[-1] == "told"
    assert "plain" in strategies(opened)[:2]


def test_headings_sort_with_the_keyboard(opened):
    opened.locator("#overall-1 th", has_text="strategy").locator("button").focus()
    opened.keyboard.press("Enter")
    names = strategies(opened)
    assert names == sorted(names, key=str.lower)


def test_rows_are_filtered_by_words_and_by_choices(opened):
    tools = opened.locator(".tools[data-table=results]")
    everything = opened.locator("#results tbody tr:visible").count()
    tools.locator("select[data-key=blur]").select_option("gaussian-2")
    assert opened.locator("#results tbody tr:visible").count() == everything // 2
    tools.locator("input").fill("retrain")
    assert opened.locator("#results tbody tr:visible").count() == 1
    assert tools.locator("output").inner_text() == "1 row"


def test_nothing_sticks_out_at_the_width_of_a_phone(opened):
    opened.set_viewport_size({"width": 360, "height": 740})
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_texts_of_charts_are_neither_tiny_nor_giant(opened, width):
    opened.set_viewport_size({"width": width, "height": 900})
    heights = opened.evaluate(
        "[...document.querySelectorAll('svg')].map((svg) => svg.getBoundingClientRect().width"
        " / svg.viewBox.baseVal.width * parseFloat(getComputedStyle(svg.querySelector('text')).fontSize))"
    )
    assert heights
    assert all(9 <= height <= 17 for height in heights)


def test_dark_and_light_follow_the_system_and_the_button(opened):
    def background() -> str:
        return opened.evaluate("getComputedStyle(document.body).backgroundColor")

    light = background()
    opened.emulate_media(color_scheme="dark")
    dark = background()
    assert dark != light
    opened.locator("#theme").click()
    assert background() == light


def test_without_its_script_the_page_shows_everything(browser, result, tmp_path):
    path = tmp_path / "board.html"
    path.write_text(page.render(result), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(path.as_uri())
    assert tab.locator("#results tbody tr").count() == tab.locator("#results tbody tr:visible").count() == 10
    assert not tab.locator("#theme").is_visible()
    context.close()
