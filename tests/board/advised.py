"""A board that advice is asked of."""

from __future__ import annotations

from typing import Any

from blurbench.board.advice import Advice, Question, advise
from blurbench.board.schema import Standings
from blurbench.registry import Registry, config, label
from tests.builders import Board

SHARP, PLAIN, GOOD, BEST = ("1" * right + "0" * (200 - right) for right in (190, 100, 160, 164))
BLURS = {
    "none": "none",
    "gaussian-2": "gaussian[sigma=2]",
    "gaussian-3": "gaussian[sigma=3]",
    "sensor": "chain[steps=[gaussian[sigma=2], gaussian-noise[std=2], round-8bit]]",
}


def remedies() -> Board:
    """`cheap` and `dear` win much and cannot be told apart; `dear` takes long; `keeper` is fitted to nothing."""
    board = Board()
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


def standing(registry: Registry, board: Board) -> Standings:
    """The board's standings, with blurs as records of real runs describe them."""
    for key, record in board.records.items():
        blur = record.axes["test_blur"]
        plugin = registry.resolve("blurs", BLURS.get(blur.label, blur.label))
        written = blur.model_copy(update={"label": label(registry, plugin), "config": config(registry, plugin)})
        board.records[key] = record.model_copy(update={"axes": {**record.axes, "test_blur": written}})
    return board.standings()


def ask(registry: Registry, board: Board, blur: str = "gaussian-2", **wishes: Any) -> Advice:
    (advice,) = advise(registry, standing(registry, board), Question(blur, **wishes))
    return advice
