import re
import subprocess
import sys

import pytest

from blurbench.board.outcomes import outcomes_of
from blurbench.board.render.escape import for_markdown
from blurbench.board.render.markdown import render, summary
from blurbench.board.standings import standings

HOSTILE = "a|b`c*d\\|<script>x</script>\n## Won\n| 1 | me | [free](http://evil) ![i](http://evil)\u202e\x1b[31m"


def first(n: int, of: int = 100) -> str:
    return "1" * n + "0" * (of - n)


@pytest.fixture
def small(board):
    board.cell("none", "plain", hits=first(90), knows="nothing")
    board.cell("gaussian-2", "plain", hits=first(50), knows="nothing", exposure="unseen family")
    board.cell("none", "retrain", "gaussian-2", hits=first(85))
    board.cell("gaussian-2", "retrain", "gaussian-2", hits=first(80))
    return board


def shown(board) -> str:
    return render(board.standings())


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of cells, cut as GitHub cuts them."""
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [
        [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()]
        for table in found
    ]


def table_with(text: str, *headings: str) -> list[dict[str, str]]:
    header, _, *rows = next(table for table in tables(text) if set(headings) <= set(table[0]))
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_the_overall_order_comes_first_with_gains_in_points(small):
    # 30 of 100 won: (30 -+ 1.96 sqrt(102 * 32 - 30^2) / sqrt(102)) / 102 = 0.294 -+ 0.0925
    best, plain = table_with(shown(small), "rank", "mean gain [95%]")
    assert (best["rank"], best["strategy"], best["train blur"]) == ("1", "retrain", "gaussian-2")
    assert best["mean gain [95%]"] == "+30.0 [+20.2, +38.7]"
    assert (best["seen"], best["unseen"], best["clean"], best["recovered %"]) == ("+30.0", "-", "~-5.0", "75")
    assert (plain["mean gain [95%]"], plain["recovered %"]) == ("baseline", "-")


def test_what_blur_costs_the_baseline_is_one_small_table(small):
    (line,) = table_with(shown(small), "data set")
    assert line == {"data set": "dots", "classifier": "cnn3", "none": "90.0", "gaussian-2": "50.0 (-40.0)"}


def test_a_block_shows_top1_gain_and_what_it_does_to_sharp_images(small):
    retrain, _ = table_with(shown(small), "top-1 [95%]", "recovered % [95%]")
    assert retrain["top-1 [95%]"] == "80.0 [71.1, 86.7]"
    assert retrain["gain [95%]"] == "+30.0 [+20.2, +38.7]"
    assert retrain["clean (change)"] == "85.0 (~-5.0)"
    assert retrain["test blur was"] == "seen"


def test_rows_that_cannot_be_told_apart_share_their_ranks(small):
    small.cell("gaussian-2", "close", hits=first(78))
    rows = table_with(shown(small), "top-1 [95%]", "recovered % [95%]")
    assert [row["rank"] for row in rows] == ["1-2", "1-2", "3"]


def test_a_share_recovered_that_rounds_to_nothing_has_no_sign(board):
    board.cell("none", "plain", hits=first(1000, 1000))
    board.cell("gaussian-2", "plain", hits=first(500, 1000))
    board.cell("gaussian-2", "other", hits=first(499, 1000))
    other = table_with(shown(board), "top-1 [95%]", "recovered % [95%]")[1]
    assert (other["strategy"], other["recovered % [95%]"]) == ("other", "0 [-1, 0]")


def test_the_legend_says_how_much_lower_a_price_must_be(small):
    assert "**front**: no other row gains as much for a lower price" in shown(small)
    assert "more than a third and more than 0.3 ms or 1 s" in shown(small)


def test_the_headroom_says_that_it_looked_at_test_images(small):
    text = shown(small)
    assert "Headroom: +30.0 for whoever knew the best row of each block. That row is chosen on test images" in text
    assert "Headroom: +30.0 (retrain on gaussian-2), chosen on test images.\n" in text


def test_rows_are_ranked_by_unseen_blurs_alone(small):
    small.cell("move", "plain", hits=first(40), exposure="unseen family")
    small.cell("move", "retrain", "gaussian-2", hits=first(60), exposure="unseen family")
    (line,) = table_with(shown(small), "unseen blocks")
    assert (line["rank"], line["strategy"], line["unseen blocks"]) == ("1", "retrain", "1")
    assert line["mean gain [95%]"].startswith("+20.0 [")


def test_a_ladder_shows_the_severity_that_a_row_was_fitted_for(ladder):
    text = shown(ladder)
    assert "Top-1 at sigma of 1, 2, 4 pixels; bold where the predictor was fitted for it.\n" in text
    plain, retrain, wiener = table_with(text, "half at, pixels")
    assert [plain[name] for name in ("none", "1", "2", "4")] == ["90.0", "80.0", "50.0", "20.0"]
    assert (plain["half at, pixels"], plain["half at, % of side"]) == ("2.33", "11.7")
    assert retrain["2"] == "**80.0**"
    assert (retrain["half at, pixels"], retrain["half at, % of side"]) == (">4", ">20.0")
    assert wiener["strategy"] == "wiener (oracle)"


def test_corruption_errors_show_in_percent_of_the_references(ladder):
    plain, retrain, _ = table_with(shown(ladder), "mCE [95%]")
    assert (plain["mCE [95%]"], plain["relative mCE"]) == ("100.0 [100.0, 100.0]", "100.0")
    assert retrain["gaussian"] == "53"  # (15 + 20 + 45) / (20 + 50 + 80)


def test_costs_that_are_not_known_are_dashes(small):
    text = shown(small)
    takes = table_with(text, "MACs")
    assert {(row["MACs"], row["steps"], row["MB (256)"]) for row in takes} == {("-", "-", "-")}


def test_the_opening_says_what_was_measured_and_how_to_repeat_it(small):
    text = shown(small)
    assert text.startswith("# Mini board\n")
    assert "Suite mini version 3, budget quick: train_images 2000\n" in text
    assert "- Test images: dots 100\n" in text
    assert "- Seeds: 0. One seed: intervals are 95%, over images only; fitting again may move a row by more\n" in text
    assert "\n    blurbench run mini\n" in text


def test_restored_psnr_and_observations_show_where_there_are_any(small):
    assert "PSNR (blurred) |" not in shown(small)
    small.cell("gaussian-2", "unet", hits=first(70), metrics={"blurred_psnr": 22.07, "restored_psnr": 26.44})
    small.cell("gaussian-2", "mask", hits=first(60), metrics={"observations": {"masked share": 0.123}})
    rows = {row["strategy"]: row for row in table_with(shown(small), "restored PSNR (blurred)", "observed")}
    assert rows["unet"]["restored PSNR (blurred)"] == "26.4 (22.1)"
    assert rows["mask"]["observed"] == "masked share 0.123"


def test_missing_cells_are_told_once_for_each_reason(small):
    for strategy in ("unet", "gan"):
        small.failure("gaussian-2", strategy, "move", status="failed", reason="out of memory", log="logs/1.txt")
    small.line("gaussian-2", "wiener")
    text = shown(small)
    assert "- failed (out of memory, log logs/1.txt): unet on move; gan on move\n" in text
    assert "- not yet run: wiener\n" in text
    assert "- unet on move lacks dots none: not in the suite; dots gaussian-2: failed\n" in text


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


def test_labels_stay_readable():
    label = "deblur-then-classify[restorer=unet[width=16], fitted_on=glyphs]"
    assert for_markdown(label) == label


def test_long_reasons_are_cut():
    assert len(for_markdown("x" * 400)) == 160


def test_the_same_standings_are_the_same_bytes(small):
    assert shown(small) == shown(small)


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
