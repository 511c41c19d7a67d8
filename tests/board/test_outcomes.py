"""The one reader of records and manifests."""

import pytest

from blurbench.errors import RecordError
from tests.board.conftest import block, first, of, row


def test_what_was_not_measured_is_listed_with_its_reason(simple):
    simple.failure("gaussian-2", "unet", "move", status="failed", reason="out of memory", log="logs/unet.txt")
    simple.failure("gaussian-2", "patch-mask", status="skipped", reason="no patches")
    simple.line("gaussian-2", "first-n[n=1]", "move")
    missing = [(one.strategy, one.status, one.reason, one.log) for one in block(simple).missing]
    assert missing == [
        ("unet", "failed", "out of memory", "logs/unet.txt"),
        ("patch-mask", "skipped", "no patches", ""),
        ("first-n[n=1]", "not yet run", "", ""),
    ]


def test_a_suite_may_give_the_baseline_another_label(board):
    board.cell("gaussian-2", "do nothing", hits=first(50), label="plain")
    board.cell("gaussian-2", "variant", hits=first(40), label="plain[x=1]")
    board.cell("gaussian-2", "retrain", hits=first(80))
    assert row(board, "do nothing").is_baseline
    assert row(board, "variant").gain.estimate == pytest.approx(-0.10)


def test_records_of_other_test_images_are_refused(simple):
    simple.cell("gaussian-2", "forged", hits=first(100), truth=4)
    with pytest.raises(RecordError, match=r"dots: records .* different test images"):
        of(simple)


def test_blocks_follow_the_manifests_order_of_test_blurs(board):
    board.cell("gaussian-2", "plain", hits=first(5))
    board.cell("none", "plain", hits=first(5))
    assert [one.test_blur for one in of(board).blocks] == ["none", "gaussian-2"]


def test_a_frame_has_a_row_for_each_cell_and_seed_and_one_for_each_of_its_classes(board):
    for seed, predicted in ((0, [1, 1, 2]), (1, [1, 2, 2])):
        hits = "".join("01"[true == said] for true, said in zip([1, 2, 2], predicted, strict=True))
        board.cell("gaussian-2", "plain", hits=hits, labels=[1, 2, 2], predicted=predicted, seed=seed)
    cells, classes = board.outcomes.frame(), board.outcomes.by_class()
    assert [(row.seed, row.top1) for row in cells.itertuples()] == [(0, pytest.approx(2 / 3)), (1, 1.0)]
    assert len(classes) == 4
