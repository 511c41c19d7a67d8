"""How large the measurement was, beside the paper's own."""

from __future__ import annotations

from blurbench.papers.sizes import UNKNOWN, said_of_fits, sizes
from blurbench.registry import Registry
from tests.builders import PaperBoard


def test_every_quantity_of_either_side_has_a_line(board: PaperBoard, registry: Registry) -> None:
    board.cell("digits", "plain", "", "none")
    found = {
        one.what: (one.paper, one.here) for one in sizes(board.findings(), registry, {"seeds": "5", "cameras": "2"})
    }
    assert found["seeds"] == ("5", "3: 0, 1, 2")
    assert found["cameras"] == ("2", "nothing measured")
    assert found["training images"] == (UNKNOWN, "at most 1,500 of digits")
    assert found["test images"] == (UNKNOWN, "200 of digits")
    assert "fine-tuning epochs" not in found


def test_fits_that_do_not_say_are_counted_apart() -> None:
    assert said_of_fits([True, False, True]) == "2 of 3"
    assert said_of_fits([True, None, None]) == "1 of 1; 2 do not say"


def test_the_least_and_the_most_images_that_a_row_was_shown_are_told(board: PaperBoard, registry: Registry) -> None:
    for seen in (1500, 18_000, 9000):
        board.cell("digits", f"first-n[n={seen}]", "soft", "soft", images_seen=seen)
    found = {one.what: one.here for one in sizes(board.findings(), registry, {})}
    assert found["images shown in the fits of a row"] == "1,500 to 18,000"
