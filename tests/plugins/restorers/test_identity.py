"""The restorer `identity`."""

from __future__ import annotations

from blurbench_restorers.identity import Identity

from blurbench.contract import Shape
from tests.plugins.restorers.scipys_digits import digits


def test_identity_gives_the_images_back_and_has_nothing_to_fit() -> None:
    x = digits()
    assert Identity().restore(x, None) is x
    assert Identity().build(Shape(1, 16, 16)) is None
    assert Identity.knows == "nothing"
