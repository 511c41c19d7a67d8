"""Hits as text, and back."""

from __future__ import annotations

import numpy as np
import pytest

from blurbench.board.hits import packed, unpacked
from blurbench.errors import RecordError


@pytest.mark.parametrize("n", [1, 7, 8, 9, 2000])
def test_hits_come_back_as_they_were(n: int) -> None:
    hits = np.random.default_rng(n).random(n) < 0.7
    assert (unpacked(packed(hits), n) == hits).all()


def test_the_first_image_is_the_highest_bit() -> None:
    assert packed(np.array([1, 0, 0, 0, 0, 0, 0, 0, 1], dtype=bool)) == "gIA="  # bytes 0x80 0x80


@pytest.mark.parametrize(("text", "n"), [("", 1), ("gIA=", 17), ("gIA=", 8), ("gI A=", 9), ("\u00e9", 9), ("gIA=", 0)])
def test_a_text_that_does_not_hold_so_many_is_refused(text: str, n: int) -> None:
    with pytest.raises(RecordError, match="does not hold"):
        unpacked(text, n)
