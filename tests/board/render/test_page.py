"""The board as a web page, opened in a real headless browser where one is installed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blurbench.board.render import latex, page


def test_the_same_standings_give_the_same_bytes(result, strips):
    assert page.render(result, strips) == page.render(result, strips)
    assert latex.render(result) == latex.render(result)


def test_pictures_that_are_the_same_byte_by_byte_are_shown_once_with_all_their_names(result):
    images = np.arange(2 * 64, dtype=np.uint8).reshape(2, 1, 8, 8)
    stages = {"clean": images, "blurred": images // 2, "identity": images // 2, "one": images // 3, "two": images // 3}
    text = page.render(result, [page.Strip("dots", "gaussian-2", stages)])
    assert re.findall(r'<img [^>]*alt="([^"]+)"', text) == ["clean", "blurred, identity", "one, two"]


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
