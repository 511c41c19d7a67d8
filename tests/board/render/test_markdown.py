import re
import subprocess
import sys

from blurbench.board.outcomes import outcomes_of
from blurbench.board.render.markdown import summary
from blurbench.board.standings import standings
from tests.board.conftest import first
from tests.board.render.conftest import HOSTILE, shown, tables


def test_the_legend_says_how_much_lower_a_price_must_be(simple):
    assert "**front**: no other row gains as much for a lower price" in shown(simple)
    assert "more than a third and more than 0.3 ms or 1 s" in shown(simple)


def test_the_headroom_says_that_it_looked_at_test_images(simple):
    text = shown(simple)
    assert "Headroom: +30.0 for whoever knew the best row of each block. That row is chosen on test images" in text
    assert "Headroom: +30.0 (retrain on gaussian-2), chosen on test images.\n" in text


def test_the_opening_says_what_was_measured_and_how_to_repeat_it(simple):
    text = shown(simple)
    assert text.startswith("# Mini board\n")
    assert "Suite mini version 3, budget quick: train_images 2000\n" in text
    assert "- Test images: dots 100\n" in text
    assert "- Seeds: 0. One seed: intervals are 95%, over images only; fitting again may move a row by more\n" in text
    assert "\n    blurbench run mini\n" in text


def test_an_empty_board_can_be_shown(board):
    board.line("none", "plain")
    text = shown(board)
    assert "- not yet run\n" in text
    assert "Nothing to compare: plain has not been measured under blur." in text
    assert "Mini board" in summary(standings(outcomes_of(board.manifest, {}, {})))


def test_hostile_texts_open_no_tag_cell_heading_code_or_link(board):
    board.title = board.baseline = HOSTILE
    board.cell("none", HOSTILE, HOSTILE, hits="11", dataset=HOSTILE, classifier=HOSTILE, requires=[HOSTILE])
    board.cell(HOSTILE, HOSTILE, HOSTILE, hits="10", dataset=HOSTILE, classifier=HOSTILE)
    board.cell(HOSTILE, "x", hits="11", dataset=HOSTILE, classifier=HOSTILE, metrics={"observations": {HOSTILE: 1}})
    board.failure(HOSTILE, "y", status="failed", reason=HOSTILE, log=HOSTILE, dataset=HOSTILE, classifier=HOSTILE)
    text = shown(board)
    assert "<" not in text
    assert "](" not in text
    assert "\n## Won" not in text
    assert "`c" not in text
    assert not re.search(r"[\u202e\x1b]", text)
    for table in tables(text):
        assert {len(row) for row in table} == {len(table[0])}


def test_the_same_standings_are_the_same_bytes(simple):
    assert shown(simple) == shown(simple)


def test_a_summary_of_thirty_strategies_fits_sixty_lines(board):
    for classifier in ("cnn3", "vit"):
        for dataset in ("dots", "dashes", "rings"):
            board.cell("gaussian-2", "plain", hits=first(10), classifier=classifier, dataset=dataset)
            for n in range(30):
                board.cell("gaussian-2", f"s{n:02}", hits=first(11 + n), classifier=classifier, dataset=dataset)
    text = summary(board.standings())
    assert len(text.splitlines()) < 60
    assert re.search(r"\| 1-\d+ +\| s29 ", text)
    assert "more" in text


def test_a_board_is_rendered_without_heavy_imports():
    script = (
        "import sys, blurbench.board.render.markdown, blurbench.board.render.figures, blurbench.board.standings\n"
        "sys.exit(bool({'torch', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
