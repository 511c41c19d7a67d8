"""Which part of a budget can change results."""

from __future__ import annotations

from dataclasses import replace

from blurbench.contract import Budget

BUDGET = Budget("quick", train_images=100)


def test_a_name_and_a_time_limit_change_no_key() -> None:
    assert replace(BUDGET, name="slow", minutes_per_job=99.0).key() == BUDGET.key()


def test_whatever_else_a_budget_says_changes_it() -> None:
    for change in (
        {"train_images": 101},
        {"test_images": 5},
        {"recipes": "paper"},
        {"augment": "augmix"},
        {"epochs": 7},
    ):
        assert replace(BUDGET, **change).key() != BUDGET.key()  # type: ignore[arg-type]
