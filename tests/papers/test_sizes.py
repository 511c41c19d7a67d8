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
