"""A question about a blur is answered from a board, and no more is said than it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from blurbench.board.advice import Question, advise
from blurbench.board.hits import packed
from blurbench.board.render import export
from blurbench.board.render.advice import text
from blurbench.errors import RecordError, Unavailable, UnknownName
from blurbench.registry import Registry
from tests.board.advised import BEST, GOOD, PLAIN, SHARP, ask, standing
from tests.builders import Board


def test_the_greatest_sure_gain_is_advised_with_those_that_cannot_be_told_from_it(
    registry: Registry, remedies: Board
) -> None:
    advice = ask(registry, remedies)
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


def test_a_limit_on_sharp_images_rules_out_what_costs_more(registry: Registry, remedies: Board) -> None:
    advice = ask(registry, remedies, keep_clean=0.01)
    assert advice.best is not None
    assert advice.best.row == "dear on gaussian-2"
    assert [(one.row, one.against) for one in advice.ruled_out] == [
        ("blunt on gaussian-2", ("costs 20.0 points on sharp images",))
    ]


def test_a_limit_on_time_rules_out_what_is_slower(registry: Registry, remedies: Board) -> None:
    advice = ask(registry, remedies, keep_clean=0.01, budget_ms=2.0)
    assert advice.best is not None
    assert advice.best.row == "cheap on gaussian-2"
    assert ("adds 8 ms an image",) in [one.against for one in advice.ruled_out]


def test_what_was_not_timed_cannot_keep_a_limit_on_time(registry: Registry, remedies: Board) -> None:
    remedies.timings.clear()
    advice = ask(registry, remedies, budget_ms=2.0)
    assert advice.best is None
    assert {one.against for one in advice.ruled_out} == {("was not timed",)}
    assert "Keep plain: what you ask rules out every remedy on this board: each was not timed." in text(advice)
    assert "Milliseconds: none was measured." in text(advice)


def test_without_fitting_only_what_is_fitted_to_no_blur_remains(registry: Registry, remedies: Board) -> None:
    advice = ask(registry, remedies, no_fit=True)
    assert advice.best is not None
    assert [one.row for one in advice.allowed] == ["keeper"]


def test_where_nothing_surely_wins_nothing_is_advised(registry: Registry) -> None:
    board = Board()
    for strategy in ("plain", "retrain"):
        board.cell("none", strategy, hits="1110" * 5)
        board.cell("gaussian-2", strategy, hits="1110" * 5)
    advice = ask(registry, board)
    assert advice.best is None
    assert advice.loss is not None
    assert advice.loss.low <= 0 <= advice.loss.high
    assert "cannot be told from 0 (+0.0 [" in text(advice)
    assert "Keep plain: no remedy surely wins anything back.\n" in text(advice)


def test_unknown_data_sets_and_classifiers_are_named(registry: Registry, remedies: Board) -> None:
    with pytest.raises(UnknownName, match="'dotz'; did you mean 'dots'"):
        ask(registry, remedies, dataset="dotz")
    with pytest.raises(UnknownName, match="classifier on this board: 'cnn4'; did you mean 'cnn3'"):
        ask(registry, remedies, classifier="cnn4")


def test_what_is_worse_than_the_baseline_by_its_own_interval_is_never_marked_as_best(registry: Registry) -> None:
    board = Board()
    right = {"plain": 190, "worse": 182, **{f"equal-{number}": 190 for number in range(9)}}
    for strategy, count in right.items():
        for blur in ("none", "gaussian-2"):
            board.cell(blur, strategy, hits="1" * count + "0" * (200 - count))
    options = {one.row: one for one in ask(registry, board).allowed}
    assert options["worse"].gain.high < 0
    assert not options["worse"].may_be_best
    assert options["equal-0"].may_be_best


def test_of_equal_rows_the_one_that_computes_less_is_advised_not_its_control(registry: Registry) -> None:
    board = Board()
    board.specs["deblur-identity"] = {"name": "deblur-then-classify", "restorer": {"name": "identity"}}
    for strategy, added in (("plain", 0.0), ("deblur-identity", 0.1), ("retrain", 0.0)):
        board.cell("none", strategy, hits=SHARP)
        board.cell("gaussian-2", strategy, hits=PLAIN if strategy == "plain" else GOOD)
        board.timing(strategy, 1 + added, 0.1)
    best = ask(registry, board).best
    assert best is not None
    assert best.row == "retrain"


def test_every_classifier_gets_its_answer_and_data_sets_count_alike(registry: Registry) -> None:
    board = Board()
    for dataset, classifier in (("dots", "cnn3"), ("dashes", "cnn3"), ("dots", "vit")):
        place: dict[str, Any] = {"dataset": dataset, "classifier": classifier}
        for seed in (0, 1, 2):
            for blur, plain in (("none", SHARP), ("gaussian-2", PLAIN)):
                board.cell(blur, "plain", hits=plain, seed=seed, **place)
            won = GOOD if dataset == "dots" else "1" * 120 + "0" * 80
            board.cell("gaussian-2", "retrain", "gaussian-2", hits=won, seed=seed, **place)
    both, vit = advise(registry, standing(registry, board), Question("gaussian-2"))
    assert (both.classifier, both.datasets, both.images) == ("cnn3", ("dots", "dashes"), 400)
    assert both.best is not None
    assert both.best.gain.estimate == pytest.approx((0.3 + 0.1) / 2)
    assert "on dots, dashes (their mean), cnn3" in text(both)
    assert (vit.classifier, vit.datasets) == ("vit", ("dots",))
    assert "Not measured: vit on dashes." in text(vit)


def test_a_published_board_gives_the_same_answer_as_the_records_behind_it(registry: Registry, remedies: Board) -> None:
    own = standing(registry, remedies)
    published = export.parse(export.render(own), "board.json")
    for blur in ("gaussian-2", "none", "gaussian[sigma=2.4]"):
        wishes: dict[str, Any]
        for wishes in ({}, {"keep_clean": 0.01}, {"budget_ms": 2.0}, {"no_fit": True}):
            asked = Question(blur, **wishes)
            assert advise(registry, published, asked) == advise(registry, own, asked)


def test_a_board_published_without_hits_says_what_to_do(registry: Registry, remedies: Board) -> None:
    import json as plain_json

    content = plain_json.loads(export.render(standing(registry, remedies)))
    del content["format"], content["meanings"]
    for block in content["blocks"]:
        for row in (*block["rows"], *block["oracles"]):
            del row["hits"]
    old = export.parse(plain_json.dumps(content), "old.json")
    with pytest.raises(Unavailable, match="publish it again with `blurbench leaderboard render --publish FOLDER`"):
        advise(registry, old, Question("gaussian-2"))


@pytest.mark.parametrize(
    ("hits", "says"),
    [
        ("", "not those of 200 images"),
        ("?!", "not those of 200 images"),
        ("AAAA", "not those of 200 images"),
        (packed(np.ones(200, dtype=bool)), "do not give its top-1"),
    ],
)
def test_a_published_board_that_contradicts_itself_is_refused(
    registry: Registry, remedies: Board, hits: str, says: str
) -> None:
    own = standing(registry, remedies)
    rows = [replace(row, correct=(hits,)) if row.strategy == "cheap" else row for row in own.blocks[1].rows]
    forged = replace(own, blocks=(own.blocks[0], replace(own.blocks[1], rows=tuple(rows)), *own.blocks[2:]))
    with pytest.raises(
        RecordError, match=f"dots, gaussian-2, cheap on gaussian-2: its hits {says}|its hits are {says}"
    ):
        advise(registry, forged, Question("gaussian-2"))


@pytest.mark.parametrize(("lucky", "may_be_best"), [(170, True), (110, False)])
def test_a_row_that_sometimes_collapses_hides_no_other_and_is_told_as_flagged(
    remedies: Board, registry: Registry, lucky: int, may_be_best: bool
) -> None:
    for seed in (1, 2, 3):
        for strategy, blurred in (("plain", PLAIN), ("cheap", GOOD), ("dear", BEST)):
            trained = "" if strategy == "plain" else "gaussian-2"
            remedies.cell("none", strategy, trained, hits=SHARP, seed=seed)
            remedies.cell("gaussian-2", strategy, trained, hits=blurred, seed=seed)
    for seed in range(4):
        blurred = "1" * 20 + "0" * 180 if seed == 1 else "1" * lucky + "0" * (200 - lucky)
        remedies.cell("none", "shaky", "gaussian-2", hits=SHARP, seed=seed)
        remedies.cell("gaussian-2", "shaky", "gaussian-2", hits=blurred, seed=seed)
    (advice,) = advise(registry, standing(registry, remedies), Question("gaussian[sigma=2]"))
    options = {option.row: option for option in advice.allowed}

    assert options["shaky on gaussian-2"].flags == ("unsteady over seeds",)
    assert options["shaky on gaussian-2"].may_be_best == may_be_best
    assert not options["keeper"].may_be_best  # as it would seem beside the variance of `shaky`
    assert advice.best is not None
    assert advice.best.row == "blunt on gaussian-2"
    assert "unsteady over seeds" in text(advice)
