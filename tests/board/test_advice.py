"""A question about a blur is answered from a board, and no more is said than it holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from blurbench.board.advice import Advice, Question, advise
from blurbench.board.hits import packed
from blurbench.board.match_blur import Outside, match_blur
from blurbench.board.render import export
from blurbench.board.render.advice import text
from blurbench.board.schema import Standings
from blurbench.errors import RecordError, Unavailable, UnknownName
from blurbench.registry import Registry, config, label
from tests.builders import Board

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


def test_the_greatest_sure_gain_is_advised_with_those_that_cannot_be_told_from_it(
    registry: Registry, board: Board
) -> None:
    advice = ask(registry, board)
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


def test_a_limit_on_sharp_images_rules_out_what_costs_more(registry: Registry, board: Board) -> None:
    advice = ask(registry, board, keep_clean=0.01)
    assert advice.best is not None
    assert advice.best.row == "dear on gaussian-2"
    assert [(one.row, one.against) for one in advice.ruled_out] == [
        ("blunt on gaussian-2", ("costs 20.0 points on sharp images",))
    ]


def test_a_limit_on_time_rules_out_what_is_slower(registry: Registry, board: Board) -> None:
    advice = ask(registry, board, keep_clean=0.01, budget_ms=2.0)
    assert advice.best is not None
    assert advice.best.row == "cheap on gaussian-2"
    assert ("adds 8 ms an image",) in [one.against for one in advice.ruled_out]


def test_what_was_not_timed_cannot_keep_a_limit_on_time(registry: Registry, board: Board) -> None:
    board.timings.clear()
    advice = ask(registry, board, budget_ms=2.0)
    assert advice.best is None
    assert {one.against for one in advice.ruled_out} == {("was not timed",)}
    assert "Keep plain: what you ask rules out every remedy on this board: each was not timed." in text(advice)
    assert "Milliseconds: none was measured." in text(advice)


def test_without_fitting_only_what_is_fitted_to_no_blur_remains(registry: Registry, board: Board) -> None:
    advice = ask(registry, board, no_fit=True)
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


def test_unknown_data_sets_and_classifiers_are_named(registry: Registry, board: Board) -> None:
    with pytest.raises(UnknownName, match="'dotz'; did you mean 'dots'"):
        ask(registry, board, dataset="dotz")
    with pytest.raises(UnknownName, match="classifier on this board: 'cnn4'; did you mean 'cnn3'"):
        ask(registry, board, classifier="cnn4")


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
    registry: Registry, board: Board, asked: str, test_blur: str, exact: bool
) -> None:
    board.cell("gaussian-3", "plain", hits=PLAIN)
    board.cell("sensor", "plain", hits=PLAIN)
    found = match_blur(registry, standing(registry, board).meanings, asked)
    assert (found.test_blur, found.is_exact, found.asked) == (test_blur, exact, asked)


def test_a_blur_of_another_family_is_not_answered_for(registry: Registry, board: Board) -> None:
    with pytest.raises(Unavailable, match=r"no other blur of its family; measured are: gaussian-2$"):
        ask(registry, board, "box[side=3]")


def test_a_name_that_nobody_knows_gets_a_suggestion_from_the_board_and_the_plugins(
    registry: Registry, board: Board
) -> None:
    with pytest.raises(UnknownName, match="'gausian-2'; did you mean 'gaussian-2'"):
        ask(registry, board, "gausian-2")
    with pytest.raises(UnknownName, match="'defocs'; did you mean 'defocus'"):
        ask(registry, board, "defocs")


def test_a_blur_outside_of_what_was_measured_is_said_to_be(registry: Registry, board: Board) -> None:
    board.cell("gaussian-3", "plain", hits=PLAIN)
    measured = standing(registry, board).meanings
    assert match_blur(registry, measured, "gaussian[sigma=2.5]").outside == ()
    assert match_blur(registry, measured, "gaussian[sigma=9]").outside == (Outside("sigma", 9, 2, 3),)
    (advice,) = advise(registry, standing(registry, board), Question("gaussian[sigma=9]"))
    assert text(advice).startswith(
        "gaussian[sigma=9] was not measured. This is about the nearest measured blur of its family, "
        "gaussian-3 (gaussian[sigma=3]); the answer may be another at yours. "
        "Yours lies outside of what was measured: sigma 9, measured 2 to 3.\n"
    )


# --- in words -------------------------------------------------------------------------------------------------------


def test_the_answer_names_what_it_wins_costs_and_requires(registry: Registry, board: Board) -> None:
    said = text(ask(registry, board))
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


def test_other_noise_than_was_measured_is_said_to_be_another(registry: Registry, board: Board) -> None:
    board.cell("sensor", "plain", hits=PLAIN)
    noisy = "chain[steps=[gaussian[sigma=2], gaussian-noise[std=20]]]"
    measured = standing(registry, board).meanings
    found = match_blur(registry, measured, noisy)
    assert (found.test_blur, found.same_sensor) == ("sensor", False)
    assert match_blur(registry, measured, "gaussian[sigma=2.4]").same_sensor
    (advice,) = advise(registry, standing(registry, board), Question(noisy))
    assert "the answer may be another at yours. Its noise and rounding are not yours.\n" in text(advice)


def test_on_sharp_images_nothing_is_said_to_be_won_back(registry: Registry, board: Board) -> None:
    said = text(ask(registry, board, "none"))
    assert said.startswith(
        "On sharp images of dots, cnn3: nothing is lost that could be won back. Keep plain: no remedy surely does "
    )
    assert "recovered" not in said
    assert "this blur" not in said
    board.cell("none", "sharper", hits="1" * 200)
    board.cell("gaussian-2", "sharper", hits=PLAIN)
    said = text(ask(registry, board, "none"))
    assert "Use sharper: its top-1 is +5.0 [" in said
    assert "above that of plain" in said


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


# --- from what was published ----------------------------------------------------------------------------------------


def test_a_published_board_gives_the_same_answer_as_the_records_behind_it(registry: Registry, board: Board) -> None:
    own = standing(registry, board)
    published = export.parse(export.render(own), "board.json")
    for blur in ("gaussian-2", "none", "gaussian[sigma=2.4]"):
        wishes: dict[str, Any]
        for wishes in ({}, {"keep_clean": 0.01}, {"budget_ms": 2.0}, {"no_fit": True}):
            asked = Question(blur, **wishes)
            assert advise(registry, published, asked) == advise(registry, own, asked)


def test_a_board_published_without_hits_says_what_to_do(registry: Registry, board: Board) -> None:
    import json as plain_json

    content = plain_json.loads(export.render(standing(registry, board)))
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
    registry: Registry, board: Board, hits: str, says: str
) -> None:
    own = standing(registry, board)
    rows = [replace(row, correct=(hits,)) if row.strategy == "cheap" else row for row in own.blocks[1].rows]
    forged = replace(own, blocks=(own.blocks[0], replace(own.blocks[1], rows=tuple(rows)), *own.blocks[2:]))
    with pytest.raises(
        RecordError, match=f"dots, gaussian-2, cheap on gaussian-2: its hits {says}|its hits are {says}"
    ):
        advise(registry, forged, Question("gaussian-2"))


def test_the_nearest_blur_is_nearest_by_factors(registry: Registry) -> None:
    board = Board()
    for sigma in (1, 4):
        board.cell(f"gaussian[sigma={sigma}]", "plain", hits=PLAIN)
    meanings = standing(registry, board).meanings
    # 2.3 is less than twice from 4 and more than twice from 1, though 1 lies nearer on the ruler.
    assert match_blur(registry, meanings, "gaussian[sigma=2.3]").test_blur == "gaussian[sigma=4]"
    assert match_blur(registry, meanings, "gaussian[sigma=1.9]").test_blur == "gaussian[sigma=1]"


def test_a_row_that_sometimes_collapses_hides_no_other_and_is_told_as_flagged(board: Board, registry: Registry) -> None:
    for seed in (1, 2, 3):
        for strategy, blurred in (("plain", PLAIN), ("cheap", GOOD), ("dear", BEST)):
            trained = "" if strategy == "plain" else "gaussian-2"
            board.cell("none", strategy, trained, hits=SHARP, seed=seed)
            board.cell("gaussian-2", strategy, trained, hits=blurred, seed=seed)
    for seed in range(4):
        blurred = "1" * 20 + "0" * 180 if seed == 1 else "1" * 170 + "0" * 30
        board.cell("none", "shaky", "gaussian-2", hits=SHARP, seed=seed)
        board.cell("gaussian-2", "shaky", "gaussian-2", hits=blurred, seed=seed)
    (advice,) = advise(registry, standing(registry, board), Question("gaussian[sigma=2]"))
    options = {option.row: option for option in advice.allowed}

    assert options["shaky on gaussian-2"].flags == ("unsteady over seeds",)
    assert not options["keeper"].may_be_best  # as it would seem beside the variance of `shaky`
    assert advice.best is not None
    assert advice.best.row == "blunt on gaussian-2"
    assert "unsteady over seeds" in text(advice)
