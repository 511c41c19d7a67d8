"""An answer in words."""

from __future__ import annotations

from blurbench.board.render.advice import text
from blurbench.registry import Registry
from tests.board.advised import BEST, GOOD, PLAIN, SHARP, ask
from tests.builders import Board


def test_the_answer_names_what_it_wins_costs_and_requires(registry: Registry, remedies: Board) -> None:
    said = text(ask(registry, remedies))
    assert said.startswith("Under gaussian-2 (gaussian[sigma=2]) on dots, cnn3: it costs plain 45.0 [")
    assert "Use blunt on gaussian-2: it wins +37.5 [" in said
    assert "points back, 83% of them, -20.0 [" in said
    assert "points on sharp images, its time" not in said
    assert "no more time an image, 10 s of fitting on the measuring machine; it requires labels." in said
    assert "It had met this blur when fitted." in said
    assert "Out of competition, told the true PSF: oracle on gaussian-2, +49.5 [" in said
    assert "Milliseconds are those of one image alone on cpu, 1 thread, test bench." in said


def test_the_tied_row_that_is_kindest_to_sharp_images_is_named(registry: Registry) -> None:
    board = Board()
    hits = {"plain": (SHARP, PLAIN), "blunt": (PLAIN, BEST), "kind": (SHARP, GOOD)}
    for strategy, (clean, blurred) in hits.items():
        board.cell("none", strategy, hits=clean)
        board.cell("gaussian-2", strategy, hits=blurred)
    said = text(ask(registry, board))
    assert "Use blunt: " in said
    assert "it cannot be told from kind (95% for all at once; " in said
    assert "Of these kind costs least on sharp images: +0.0 [" in said
    assert "costs least" not in text(ask(registry, board, keep_clean=0.01))


def test_on_sharp_images_nothing_is_said_to_be_won_back(registry: Registry, remedies: Board) -> None:
    said = text(ask(registry, remedies, "none"))
    assert said.startswith(
        "On sharp images of dots, cnn3: nothing is lost that could be won back. Keep plain: no remedy surely does "
    )
    assert "recovered" not in said
    assert "this blur" not in said
    remedies.cell("none", "sharper", hits="1" * 200)
    remedies.cell("gaussian-2", "sharper", hits=PLAIN)
    said = text(ask(registry, remedies, "none"))
    assert "Use sharper: its top-1 is +5.0 [" in said
    assert "above that of plain" in said


def test_a_board_of_the_baseline_alone_says_that_no_remedy_was_measured(registry: Registry) -> None:
    board = Board()
    board.cell("none", "plain", hits=SHARP)
    board.cell("gaussian-2", "plain", hits=PLAIN)
    said = text(ask(registry, board))
    assert "it costs plain 45.0 [" in said
    assert "Keep plain: no remedy was measured here." in said
    assert "| remedy" not in said


def test_where_the_oracle_is_the_only_remedy_the_answer_says_so(registry: Registry) -> None:
    board = Board()
    for blur, plain in (("none", SHARP), ("gaussian-2", PLAIN)):
        board.cell(blur, "plain", hits=plain)
        board.cell(blur, "wiener", hits=SHARP, knows="true PSF")
    assert "Keep plain: no remedy that does without the true PSF was measured here." in text(ask(registry, board))


def test_wishes_that_nothing_meets_are_said_to_rule_out_everything(registry: Registry) -> None:
    board = Board()
    for strategy, clean, blurred, milliseconds in (
        ("plain", SHARP, PLAIN, 1.0),
        ("slow", SHARP, GOOD, 9.0),
        ("blunt", PLAIN, BEST, 1.0),
    ):
        board.cell("none", strategy, "" if strategy == "plain" else "gaussian-2", hits=clean)
        board.cell("gaussian-2", strategy, "" if strategy == "plain" else "gaussian-2", hits=blurred)
        board.timing(strategy, milliseconds, 0.1)
    said = text(ask(registry, board, keep_clean=0.01, budget_ms=2.0))
    assert "Keep plain: what you ask rules out every remedy on this board.\n" in said
    assert (
        "Ruled out by what you ask: blunt on gaussian-2 (+32.0; costs 45.0 points on sharp images), "
        "slow on gaussian-2 (+30.0; adds 8 ms an image).\n" in said
    )
    said = text(ask(registry, board, no_fit=True))
    assert "Keep plain: what you ask rules out every remedy on this board: each has to be fitted.\n" in said


def test_a_blur_that_helps_is_said_to_cost_nothing(registry: Registry) -> None:
    board = Board()
    board.cell("none", "plain", hits=PLAIN)
    board.cell("gaussian-2", "plain", hits=SHARP)
    board.cell("gaussian-2", "retrain", "gaussian-2", hits="1" * 200)
    said = text(ask(registry, board))
    assert "it costs plain nothing, whose top-1 changes by +45.0 [" in said
    assert "Use retrain on gaussian-2: its top-1 is +5.0 [" in said
    assert "its effect on sharp images is not measured, its time is not measured" in said
