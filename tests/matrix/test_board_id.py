"""Which boards may share a table."""

from __future__ import annotations

from blurbench.matrix.board_id import board_name, content_digest
from blurbench.matrix.suite import AccuracySuite
from tests.matrix.conftest import CONTENT


def test_a_budget_with_changes_is_a_part_of_file_names() -> None:
    name = board_name("mnist-family", 1, "standard[train_images=6000]")
    assert name == "mnist-family.v1.standard-train-images-6000"


def test_other_budgets_and_the_title_are_no_content_and_the_values_of_the_budget_are() -> None:
    suite = AccuracySuite.model_validate(CONTENT)
    other = suite.model_copy(update={"title": "Other", "budgets": {}})
    assert content_digest(suite, {"epochs": 1}) == content_digest(other, {"epochs": 1})
    assert content_digest(suite, {"epochs": 1}) != content_digest(suite, {"epochs": 2})


def test_suites_that_say_nothing_of_it_keep_the_digest_of_their_boards() -> None:
    plain = {**CONTENT, "matrix": [{"classifiers": ["cnn2"], "strategies": ["plain"]}]}
    suite = AccuracySuite.model_validate(plain).under("quick")

    dumped = suite.model_dump(exclude={"budgets", "title"}, exclude_none=True)

    assert not {"tested_on"} & dumped.keys()
    assert not {"datasets", "train_blurs"} & dumped["matrix"][0].keys()
    assert content_digest(suite, {}) != content_digest(suite.model_copy(update={"tested_on": "own"}), {})
