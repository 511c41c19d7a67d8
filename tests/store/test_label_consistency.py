"""One forged label list does not stop a board, and does not get onto it."""

from __future__ import annotations

import pytest

from blurbench.board.outcomes import outcomes_of
from blurbench.board.standings import standings
from blurbench.store.label_consistency import copied, inconsistent, without_inconsistent
from blurbench.store.record import Record
from tests.builders import Board


@pytest.fixture
def board() -> Board:
    return Board()


def test_records_that_agree_all_stay(board: Board) -> None:
    board.cell("none", "plain", hits="1110")
    board.cell("gaussian-2", "plain", hits="1000")
    assert without_inconsistent(board.manifest, board.records) == board.records


def test_the_record_with_other_test_labels_is_a_row_with_a_reason(board: Board) -> None:
    board.cell("none", "plain", hits="1110")
    board.cell("gaussian-2", "plain", hits="1000")
    forged = board.cell("gaussian-2", "miracle", hits="1111", truth=4)
    assert list(inconsistent(board.records.values())) == [forged.key]
    records = without_inconsistent(board.manifest, board.records)
    (block,) = [
        one for one in standings(outcomes_of(board.manifest, records, {})).blocks if one.test_blur == "gaussian-2"
    ]
    assert [row.strategy for row in block.rows] == ["plain"]
    (missing,) = block.missing
    assert (missing.strategy, missing.status) == ("miracle", "failed")
    assert missing.reason == "refused: its test labels are not those of 2 other records of dots"


def test_where_as_many_say_one_thing_as_another_the_first_is_believed(board: Board) -> None:
    board.cell("none", "plain", hits="1110")
    second = board.cell("none", "retrain", hits="1111", truth=4)
    assert list(inconsistent(board.records.values())) == [second.key]


def test_data_sets_are_judged_apart(board: Board) -> None:
    board.cell("none", "plain", hits="1110")
    board.cell("none", "plain", hits="111011", truth=5, dataset="stripes")
    assert inconsistent(board.records.values()) == {}


def answers(board: Board, seed: int, confidence: float, seen: int = 1000) -> Record:
    """A record of twenty images, all with one confidence; `seen` is the number of images that it was fitted to."""
    record = board.cell("none", "retrain", hits="1" * 15 + "0" * 5, seed=seed)
    result = record.accuracy
    images = result.images.model_copy(update={"confidence": [confidence + 0.001 * n for n in range(20)]})
    cost = result.cost.model_copy(update={"fit_images_seen": seen})
    changed = record.model_copy(update={"result": result.model_copy(update={"images": images, "cost": cost})})
    board.records[record.key] = changed
    return changed


def test_one_seeds_answers_under_another_seed_are_a_copy(board: Board) -> None:
    first, other = answers(board, 0, 0.5), answers(board, 1, 0.6)
    assert copied([first, other]) == {}
    copy = answers(board, 2, 0.5)
    assert list(copied([copy, first, other])) == [copy.key]
    assert (
        copied([copy, first])[copy.key] == "its answers are those of seed 0, image for image: no two fits agree so far"
    )


def test_where_nothing_was_fitted_all_seeds_may_answer_alike(board: Board) -> None:
    assert copied([answers(board, seed, 0.5, seen=0) for seed in range(3)]) == {}


@pytest.mark.parametrize(("changed", "told"), [(0, "image for image"), (1, "in 19 of 20 images"), (9, "in 11 of 20")])
def test_a_copy_with_some_answers_changed_is_a_copy(board: Board, changed: int, told: str) -> None:
    first, copy = answers(board, 0, 0.5), answers(board, 1, 0.5)
    confidence = [0.1 + 0.01 * n if n < changed else value for n, value in enumerate(copy.accuracy.images.confidence)]
    images = copy.accuracy.images.model_copy(update={"confidence": confidence})
    copy = copy.model_copy(update={"result": copy.accuracy.model_copy(update={"images": images})})
    assert told in copied([first, copy])[copy.key]


def test_half_of_the_answers_alike_may_be_chance(board: Board) -> None:
    first, other = answers(board, 0, 0.5), answers(board, 1, 0.51)  # ten of twenty confidences are common to both
    images = other.accuracy.images
    shifted = images.model_copy(
        update={"confidence": [*first.accuracy.images.confidence[:10], *images.confidence[10:]]}
    )
    other = other.model_copy(update={"result": other.accuracy.model_copy(update={"images": shifted})})
    assert copied([first, other]) == {}


def test_a_copy_of_what_is_believed_is_found_whatever_its_seed(board: Board) -> None:
    own, copy = answers(board, 1, 0.5), answers(board, 0, 0.5)
    assert list(copied([copy], believed=[own])) == [copy.key]
    assert copied([copy, own]) == {
        own.key: "its answers are those of seed 0, image for image: no two fits agree so far"
    }
