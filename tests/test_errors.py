"""Texts of strangers become one visible line; what is said of an unknown name reads as sentences."""

from __future__ import annotations

from blurbench.errors import UnknownName, shortened


def test_no_escape_code_line_break_or_direction_mark_stays() -> None:
    assert shortened("\x1b[31mred\x1b[0m\r\nand \u202eback\x07") == "[31mred [0m and back"


def test_half_a_character_is_shown_as_one() -> None:
    assert shortened("a\ud800b") == "a?b"


def test_a_long_text_is_cut() -> None:
    assert shortened("x" * 20, 10) == "xxxxxxx..."


def test_a_sentence_after_a_suggestion_begins_behind_its_question_mark() -> None:
    told = str(UnknownName("blur", "gausian", ["gaussian"], ". So it is."))
    assert told.endswith("did you mean 'gaussian'? So it is.")
    assert str(UnknownName("blur", "x", ["gaussian"], ". So it is.")).endswith("known: gaussian. So it is.")
