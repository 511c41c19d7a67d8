import pytest

from blurbench.errors import UnknownName, UsageError


def first(n: int, of: int = 100) -> str:
    return "1" * n + "0" * (of - n)


def tables(board, classifier=None):
    return board.standings(classifier).corruptions


def row(table, strategy):
    return next(one for one in table.rows if one.strategy == strategy)


def test_a_ladder_is_one_corruption_and_a_blur_alone_another(ladder):
    ladder.cell("move", "plain", hits=first(30))
    (table,) = tables(ladder)
    assert [(one.name, one.test_blurs) for one in table.corruptions] == [
        ("gaussian", ("gaussian-1", "gaussian-2", "gaussian-4")),
        ("move", ("move",)),
    ]


def test_ce_and_its_means_follow_hendrycks_and_dietterich(ladder):
    ladder.cell("move", "plain", hits=first(30))
    ladder.cell("move", "retrain", "gaussian-2", hits=first(65))
    (table,) = tables(ladder)
    retrain = row(table, "retrain")
    assert table.reference == "plain of cnn3"
    assert retrain.clean_error == pytest.approx(0.15)
    assert retrain.ce == pytest.approx(((15 + 20 + 45) / (20 + 50 + 80), 35 / 70))
    assert retrain.mce == pytest.approx((80 / 150 + 35 / 70) / 2)
    assert retrain.relative_ce == pytest.approx(((0 + 5 + 30) / (10 + 40 + 70), 20 / 60))
    assert retrain.relative_mce == pytest.approx((35 / 120 + 20 / 60) / 2)


def test_the_reference_makes_as_many_errors_as_itself(ladder):
    plain = row(tables(ladder)[0], "plain")
    assert (plain.mce, plain.relative_mce) == (1.0, 1.0)


def test_a_row_that_lacks_a_severity_has_no_mean(ladder):
    ladder.cell("gaussian-1", "late", hits=first(70))
    late = row(tables(ladder)[0], "late")
    assert (late.ce, late.mce, late.clean_error) == ((None,), None, None)
    ladder.cell("move", "plain", hits=first(30))
    ladder.cell("move", "late", hits=first(65))
    late = row(tables(ladder)[0], "late")
    assert (late.ce, late.mce) == ((None, pytest.approx(0.5)), None)


def test_another_classifier_can_be_the_reference_of_all(ladder):
    for test_blur, right in (("none", 80), ("gaussian-1", 60), ("gaussian-2", 40), ("gaussian-4", 20)):
        ladder.cell(test_blur, "plain", hits=first(right), classifier="vit")
    cnn3, vit = tables(ladder, "vit")
    assert {cnn3.reference, vit.reference} == {"plain of vit"}
    assert row(cnn3, "plain").mce == pytest.approx((20 + 50 + 80) / (40 + 60 + 80))
    assert row(vit, "plain").mce == 1.0


def test_a_reference_that_is_not_on_the_board_is_refused_with_what_is(ladder):
    with pytest.raises(UnknownName, match=r"classifier on this board: 'cnn4'.*cnn3"):
        tables(ladder, "cnn4")


def test_a_reference_that_lacks_a_cell_is_refused_with_the_command_that_helps(ladder):
    ladder.cell("none", "plain", hits=first(80), classifier="vit")
    ladder.failure("gaussian-1", "plain", classifier="vit", status="failed", reason="out of memory")
    ladder.line("gaussian-2", "plain", classifier="vit")
    with pytest.raises(
        UsageError, match=r"it lacks dots gaussian-2, seed 0 and 1 more; measure it with `blurbench run mini`"
    ):
        tables(ladder, "vit")


def test_a_classifier_without_the_baseline_strategy_is_no_reference(ladder):
    ladder.cell("none", "retrain", "gaussian-2", hits=first(80), classifier="vit")
    with pytest.raises(UsageError, match="it lacks every cell"):
        tables(ladder, "vit")


def test_an_mce_has_an_interval_and_the_references_is_a_single_point(ladder):
    ladder.cell("move", "plain", hits=first(30))
    ladder.cell("move", "retrain", "gaussian-2", hits=first(65))
    (table,) = tables(ladder)
    plain, retrain = (row(table, name) for name in ("plain", "retrain"))
    assert plain.mce_interval.low == plain.mce_interval.high == plain.mce
    assert retrain.mce_interval.estimate == pytest.approx(retrain.mce)
    assert retrain.mce - 0.15 < retrain.mce_interval.low < retrain.mce - 0.04
    assert row(table, "wiener").mce_interval is None  # it lacks a blur
