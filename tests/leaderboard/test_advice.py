"""A question about a blur is answered from a board, and no more is said than it holds."""

from __future__ import annotations

from typing import Any

import pytest

from blurbench.errors import Unavailable, UnknownName
from blurbench.leaderboard.advice import Advice, Question, advise
from blurbench.leaderboard.nearest import answering_blur
from blurbench.registry import Menu, label, spec
from tests.leaderboard.conftest import Board

SHARP, PLAIN, GOOD, BEST = ("1" * right + "0" * (200 - right) for right in (190, 100, 160, 164))
BLURS = {
    "none": "none",
    "gaussian-2": "gaussian[sigma=2]",
    "gaussian-3": "gaussian[sigma=3]",
    "sensor": "chain[steps=[gaussian[sigma=2], gaussian-noise[std=2], round-8bit]]",
}


@pytest.fixture
def board(board: Board) -> Board:
    """`cheap` and `dear` win much and cannot be told apart; `dear` takes long; `keeper` is fitted to nothing."""
    for strategy, clean, blurred in (
        ("plain", SHARP, PLAIN),
        ("cheap", SHARP, GOOD),
        ("dear", SHARP, BEST),
        ("blunt", "1" * 150 + "0" * 50, "1" * 175 + "0" * 25),
    ):
        trained = "" if strategy == "plain" else "gaussian-2"
        board.cell("none", strategy, trained, hits=clean)
        board.cell("gaussian-2", strategy, trained, hits=blurred)
        board.timing(strategy, 9.0 if strategy == "dear" else 1.0, 0.1)
    board.cell("none", "keeper", hits=SHARP, knows="nothing")
    board.cell("gaussian-2", "keeper", hits="1" * 130 + "0" * 70, knows="nothing", exposure="unseen family")
    board.timing("keeper", 1.5, 0.1)
    board.cell("gaussian-2", "oracle", "gaussian-2", hits="1" * 199 + "0", knows="true PSF")
    board.failure("gaussian-2", "unlucky", "gaussian-2", status="failed", reason="out of memory")
    return board


def ask(menu: Menu, board: Board, blur: str = "gaussian-2", **wishes: Any) -> Advice:
    for key, record in board.records.items():
        plugin = menu.resolve("blurs", BLURS.get(record.test_blur.label, record.test_blur.label))
        part = record.test_blur.model_copy(update={"label": label(menu, plugin), "spec": spec(menu, plugin)})
        board.records[key] = record.model_copy(update={"test_blur": part})
    (advice,) = advise(menu, board.manifest, board.records, board.timings, Question(blur, **wishes))
    return advice


def test_the_greatest_sure_gain_is_advised_with_those_that_cannot_be_told_from_it(menu: Menu, board: Board) -> None:
    advice = ask(menu, board)
    assert advice.best is not None
    assert (advice.best.row, advice.baseline) == ("blunt on gaussian-2", "plain")
    assert advice.best.gain.estimate == pytest.approx(0.375)
    assert advice.best.recovered == pytest.approx(75 / 90)
    assert advice.loss is not None
    assert advice.loss.estimate == pytest.approx(0.45)
    assert [one.row for one in advice.allowed] == [f"{name} on gaussian-2" for name in ("blunt", "dear", "cheap")] + [
        "keeper"
    ]
    assert [one.may_be_best for one in advice.allowed][-1] is False
    assert [one.row for one in advice.oracles] == ["oracle on gaussian-2"]
    assert advice.not_measured == ("unlucky on gaussian-2: dots: failed, out of memory",)


def test_a_limit_on_sharp_images_rules_out_what_costs_more(menu: Menu, board: Board) -> None:
    advice = ask(menu, board, keep_clean=0.01)
    assert advice.best is not None
    assert advice.best.row == "dear on gaussian-2"
    assert [(one.row, one.against) for one in advice.ruled_out] == [
        ("blunt on gaussian-2", ("costs 20.0 points on sharp images",))
    ]


def test_a_limit_on_time_rules_out_what_is_slower(menu: Menu, board: Board) -> None:
    advice = ask(menu, board, keep_clean=0.01, budget_ms=2.0)
    assert advice.best is not None
    assert advice.best.row == "cheap on gaussian-2"
    assert ("adds 8 ms an image",) in [one.against for one in advice.ruled_out]


def test_what_was_not_timed_cannot_keep_a_limit_on_time(menu: Menu, board: Board) -> None:
    board.timings.clear()
    advice = ask(menu, board, budget_ms=2.0)
    assert advice.best is None
    assert {one.against for one in advice.ruled_out} == {("not timed",)}


def test_without_fitting_only_what_is_fitted_to_no_blur_remains(menu: Menu, board: Board) -> None:
    advice = ask(menu, board, no_fit=True)
    assert advice.best is not None
    assert [one.row for one in advice.allowed] == ["keeper"]


def test_where_nothing_surely_wins_nothing_is_advised(menu: Menu) -> None:
    board = Board()
    for strategy in ("plain", "retrain"):
        board.cell("none", strategy, hits="1110" * 5)
        board.cell("gaussian-2", strategy, hits="1110" * 5)
    advice = ask(menu, board)
    assert advice.best is None
    assert advice.loss is not None
    assert advice.loss.low <= 0 <= advice.loss.high


def test_unknown_data_sets_and_classifiers_are_named(menu: Menu, board: Board) -> None:
    with pytest.raises(UnknownName, match="'dotz'; did you mean 'dots'"):
        ask(menu, board, dataset="dotz")
    with pytest.raises(UnknownName, match="classifier on this board: 'cnn4'; did you mean 'cnn3'"):
        ask(menu, board, classifier="cnn4")


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
    menu: Menu, board: Board, asked: str, test_blur: str, exact: bool
) -> None:
    board.cell("gaussian-3", "plain", hits=PLAIN)
    board.cell("sensor", "plain", hits=PLAIN)
    ask(menu, board)
    found = answering_blur(menu, board.manifest, board.records, asked)
    assert (found.test_blur, found.is_exact, found.asked) == (test_blur, exact, asked)


def test_a_blur_of_another_family_is_not_answered_for(menu: Menu, board: Board) -> None:
    with pytest.raises(Unavailable, match=r"no other blur of its family; measured are: gaussian-2$"):
        ask(menu, board, "box[side=3]")
