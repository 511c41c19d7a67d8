"""Stored results stay findable: the keys of whole suites, as they were when this was written."""

from __future__ import annotations

import pytest

from blurbench.contract import Dataset, Shape
from blurbench.matrix.cell import Data
from blurbench.matrix.keys import digest
from blurbench.matrix.suite import find
from blurbench.registry import Registry
from tests.builders import plan_of

GOLDEN = {
    "smoke": "a02e31edfc344354177fb85f13d72634",
    "mnist-family": "832e3ef77e2adcd264bef48cd72a5cc3",
    "distortions": "2653450a7dc5a38835f2ff5a448f104b",
    "kernel-estimation": "1957a0b69a490b016bdae45034249632",
}
"""Digests of the keys of all cells and tasks. One changes with the revision of a plugin of that suite, or of a part of
the framework, and with nothing else."""


@pytest.mark.parametrize("name", GOLDEN)
def test_the_keys_of_a_suite_are_those_of_before(registry: Registry, name: str) -> None:
    def describe(dataset: Dataset) -> Data:
        known = registry.name_of(dataset)
        return Data(f"key of {known}", f"pixels of {known}", Shape(1, 28, 28), 10, 1000, 300)

    suite = find(registry, name)
    plan = plan_of(registry, suite, describe, next(iter(suite.budgets)), seeds=2)

    assert digest([[cell.key for cell in plan.cells], list(plan.tasks)]) == GOLDEN[name]
