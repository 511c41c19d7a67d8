"""The schedule of a run, reckoned with."""

from __future__ import annotations

from pathlib import Path

import pytest

from blurbench.running.simulated import simulated
from blurbench.store.store import Store
from tests.running.chores import Chore, Quiet, Urgent


def total(tmp_path: Path, workers: int, *chores: Chore) -> float:
    store = Store(tmp_path)
    store.create()
    tasks = {chore.key: chore for chore in chores}
    slots = simulated(store, tasks, workers, lambda task, slot: task.seconds)  # type: ignore[attr-defined]
    assert slots.busy == sum(chore.seconds for chore in chores)
    return slots.time


@pytest.mark.parametrize(("workers", "expected"), [(1, 9.0), (2, 5.0), (3, 5.0)])
def test_what_waits_for_another_begins_at_its_end(tmp_path: Path, workers: int, expected: float) -> None:
    first = Chore("a", "a", seconds=2.0)
    chain = Chore("b", "b", (first,), 3.0)
    assert (
        total(tmp_path, workers, first, chain, Chore("c", "c", seconds=2.0), Chore("d", "d", seconds=2.0)) == expected
    )


def test_what_wants_quiet_comes_alone_at_the_end(tmp_path: Path) -> None:
    chores = [Quiet("q", "q", seconds=1.0), Quiet("r", "r", seconds=1.0), Chore("a", "a", seconds=4.0)]
    assert total(tmp_path, 8, *chores, Chore("b", "b", seconds=3.0)) == 4.0 + 1.0 + 1.0


def test_the_more_urgent_goes_first(tmp_path: Path) -> None:
    slow = Chore("a", "a", seconds=5.0)
    urgent = Urgent("b", "b", seconds=1.0)
    behind = Chore("c", "c", (urgent,), 5.0)
    assert total(tmp_path, 1, slow, urgent, behind) == 11.0
    assert total(tmp_path, 2, slow, urgent, behind) == 6.0


def test_ten_thousand_cells_on_sixty_four_workers_are_scheduled_in_seconds(tmp_path: Path) -> None:
    fits = [Chore(f"fit-{number}", "fit", seconds=10.0) for number in range(500)]
    cells = [Urgent(f"{fit.key}-{number}", "cell", (fit,), 1.0) for fit in fits for number in range(20)]
    found = total(tmp_path, 64, *fits, *cells)
    assert (500 * 10 + 10_000) / 64 <= found <= (500 * 10 + 10_000) / 64 * 1.1
