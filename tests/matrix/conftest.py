"""A small suite, planned without decoding anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from blurbench.contract import Dataset, Shape
from blurbench.errors import Unavailable
from blurbench.matrix.cell import Data
from blurbench.matrix.plan import Plan
from blurbench.matrix.suite import AccuracySuite
from blurbench.matrix.tasks import Task
from blurbench.registry import Registry
from tests.builders import plan_of

CONTENT: dict[str, Any] = {
    "name": "tiny",
    "version": 1,
    "title": "Tiny",
    "datasets": ["digits"],
    "train_blurs": ["gaussian[sigma=2]", "gaussian[sigma=3]"],
    "test_blurs": ["none", "gaussian[sigma=2]"],
    "matrix": [{"classifiers": ["cnn3"], "strategies": ["plain", "retrain", "first-n[n=1]"]}],
    "budgets": {"quick": {"train_images": 100}},
}


Planner = Callable[..., Plan]


@pytest.fixture
def planned(registry: Registry) -> Planner:
    def make(seeds: int = 1, fingerprint: str = "f", changes: dict[str, Any] | None = None, **content: Any) -> Plan:
        suite = AccuracySuite.model_validate({**CONTENT, **content})

        def describe(dataset: Dataset) -> Data:
            name = registry.name_of(dataset)
            if name == "mnist":
                raise Unavailable("no files of mnist; put them into --data-dir")
            shape = Shape(3, 32, 32) if name == "photo-crops" else Shape(1, 16, 16)
            return Data(f"key of {name}", fingerprint + name, shape, 10, 1000, 300)

        return plan_of(registry, suite, describe, seeds=seeds, changes=changes)

    return make


def keys(plan: Plan) -> set[str]:
    return {cell.key for cell in plan.cells}


def tasks(plan: Plan, kind: type[Task]) -> list[str]:
    return [task.key for task in plan.tasks.values() if isinstance(task, kind)]
