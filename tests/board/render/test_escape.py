"""Texts from records, made harmless where they are shown."""

import pytest

from blurbench.board.render.escape import for_markdown, for_spreadsheet, named


def test_labels_stay_readable():
    label = "deblur-then-classify[restorer=unet[width=16], fitted_on=glyphs]"
    assert for_markdown(label) == label


def test_long_reasons_are_cut():
    assert len(for_markdown("x" * 400)) == 160


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@cmd"])
def test_a_text_that_a_spreadsheet_would_take_for_a_formula_is_quoted(text: str) -> None:
    assert for_spreadsheet(text) == "'" + text
    assert for_spreadsheet("a" + text) == "a" + text


def test_a_row_in_running_text_names_what_it_was_fitted_to() -> None:
    assert named("retrain", "gaussian-2") == "retrain on gaussian-2"
    assert named("a|b", "") == "a&#124;b"
