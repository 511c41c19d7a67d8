"""Which measured blur answers a question about a blur."""

from __future__ import annotations

import pytest

from blurbench.board.advice import Question, advise
from blurbench.board.match_blur import Outside, match_blur
from blurbench.board.render.advice import text
from blurbench.errors import Unavailable, UnknownName
from blurbench.registry import Registry
from tests.board.advised import PLAIN, ask, standing
from tests.builders import Board


@pytest.mark.parametrize(
    ("asked", "test_blur", "exact"),
    [
        ("gaussian-2", "gaussian-2", True),
        ("gaussian[sigma=2]", "gaussian-2", True),
        ("gaussian[sigma=2.0]", "gaussian-2", True),
        ("gaussian[sigma=2.4]", "gaussian-2", False),
        ("gaussian[sigma=9]", "gaussian-3", False),
        ("gaussian[sigma={low=2.5, high=4}]", "gaussian-3", False),
        ("chain[steps=[gaussian[sigma=2.2], gaussian-noise[std=2], round-8bit]]", "sensor", False),
    ],
)
def test_a_blur_is_found_by_name_by_meaning_or_as_the_nearest_of_its_family(
    registry: Registry, remedies: Board, asked: str, test_blur: str, exact: bool
) -> None:
    remedies.cell("gaussian-3", "plain", hits=PLAIN)
    remedies.cell("sensor", "plain", hits=PLAIN)
    found = match_blur(registry, standing(registry, remedies).meanings, asked)
    assert (found.test_blur, found.is_exact, found.asked) == (test_blur, exact, asked)


def test_a_blur_of_another_family_is_not_answered_for(registry: Registry, remedies: Board) -> None:
    with pytest.raises(Unavailable, match=r"no other blur of its family; measured are: gaussian-2$"):
        ask(registry, remedies, "box[side=3]")


def test_a_name_that_nobody_knows_gets_a_suggestion_from_the_board_and_the_plugins(
    registry: Registry, remedies: Board
) -> None:
    with pytest.raises(UnknownName, match="'gausian-2'; did you mean 'gaussian-2'"):
        ask(registry, remedies, "gausian-2")
    with pytest.raises(UnknownName, match="'defocs'; did you mean 'defocus'"):
        ask(registry, remedies, "defocs")


def test_a_blur_outside_of_what_was_measured_is_said_to_be(registry: Registry, remedies: Board) -> None:
    remedies.cell("gaussian-3", "plain", hits=PLAIN)
    measured = standing(registry, remedies).meanings
    assert match_blur(registry, measured, "gaussian[sigma=2.5]").outside == ()
    assert match_blur(registry, measured, "gaussian[sigma=9]").outside == (Outside("sigma", 9, 2, 3),)
    (advice,) = advise(registry, standing(registry, remedies), Question("gaussian[sigma=9]"))
    assert text(advice).startswith(
        "gaussian[sigma=9] was not measured. This is about the nearest measured blur of its family, "
        "gaussian-3 (gaussian[sigma=3]); the answer may be another at yours. "
        "Yours lies outside of what was measured: sigma 9, measured 2 to 3.\n"
    )


def test_other_noise_than_was_measured_is_said_to_be_another(registry: Registry, remedies: Board) -> None:
    remedies.cell("sensor", "plain", hits=PLAIN)
    noisy = "chain[steps=[gaussian[sigma=2], gaussian-noise[std=20]]]"
    measured = standing(registry, remedies).meanings
    found = match_blur(registry, measured, noisy)
    assert (found.test_blur, found.same_sensor) == ("sensor", False)
    assert match_blur(registry, measured, "gaussian[sigma=2.4]").same_sensor
    (advice,) = advise(registry, standing(registry, remedies), Question(noisy))
    assert "the answer may be another at yours. Its noise and rounding are not yours.\n" in text(advice)


def test_the_nearest_blur_is_nearest_by_factors(registry: Registry) -> None:
    board = Board()
    for sigma in (1, 4):
        board.cell(f"gaussian[sigma={sigma}]", "plain", hits=PLAIN)
    meanings = standing(registry, board).meanings
    # 2.3 is less than twice from 4 and more than twice from 1, though 1 lies nearer on the ruler.
    assert match_blur(registry, meanings, "gaussian[sigma=2.3]").test_blur == "gaussian[sigma=4]"
    assert match_blur(registry, meanings, "gaussian[sigma=1.9]").test_blur == "gaussian[sigma=1]"
