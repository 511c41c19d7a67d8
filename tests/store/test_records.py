"""Records in their folder."""

from __future__ import annotations

from typing import Any

import pytest

from blurbench.store.files import write_atomically
from blurbench.store.record import Line, Manifest, Record, read
from blurbench.store.store import Store
from tests.store.conftest import KEY
from tests.store.test_record import AXES, content


def test_a_record_comes_back_as_it_was_put(store: Store) -> None:
    record: Record = read(Record, content(), "")
    store.records.put(record)
    assert store.records.get(KEY) == record


def test_a_damaged_or_misplaced_record_counts_as_none(store: Store) -> None:
    store.records.put(read(Record, content(), ""))
    store.records.path(KEY).write_text(content()[:-20])
    assert store.records.get(KEY) is None
    other = "cd" * 16
    write_atomically(store.records.path(other), content())
    assert store.records.get(other) is None, "its content belongs to another key"


def test_a_measured_record_outlives_a_failure_unless_that_is_forced(store: Store) -> None:
    measured: Record = read(Record, content(), "")
    failed: Record = read(Record, content(status="failed", reason="no luck", result=None, facts={}), "")
    store.records.put(failed)
    store.records.put(measured)
    store.records.put(failed)
    assert store.records.get(KEY) == measured
    store.records.put(failed, force=True)
    assert store.records.get(KEY) == failed


def identity(**changes: Any) -> dict[str, Any]:
    """What a plan says of the cell of `content()`."""
    axes = {axis: {"name": "x", "label": "x", "config": {}} for axis in AXES}
    planned = {"measure": "accuracy", "axes": axes, "budget": {}, "seed": 0, "test_seed": 0, "settings": {}}
    return {**planned, **changes}


@pytest.mark.parametrize(
    "changed",
    [
        {"measure": "blur-estimation"},
        {"budget": {"epochs": 7}},
        {"seed": 1},
        {"test_seed": 1},
        {"settings": {"analyses": ["feature-gradients"]}},
        {"axes": {**identity()["axes"], "strategy": {"name": "y", "label": "x", "config": {"n": 1}}}},
    ],
)
def test_a_record_that_says_of_itself_what_the_plan_does_not_is_not_the_cells(
    store: Store, changed: dict[str, Any]
) -> None:
    store.records.put(read(Record, content(), ""))
    assert store.records.state(KEY, identity()) == "valid"
    assert store.records.state(KEY, identity(**changed)) == "damaged"


# --- boards --------------------------------------------------------------------------------------------------------


def board(*keys: str, **changes: Any) -> Manifest:
    """With a line a key, on a test blur of its own."""
    blurs = [f"blur-{key[0]}" for key in keys]
    lines = [Line(key=key, seed=0, labels={"test_blur": blur}) for key, blur in zip(keys, blurs, strict=True)]
    stated = {"measure": "accuracy", "suite": "tiny", "suite_version": 1, "title": "Tiny", "budget": "quick"}
    rest = {"budget_values": {}, "content": "ef" * 16, "test_blurs": blurs, "lines": lines}
    return Manifest(**{**stated, **rest, **changes})


ONE, TWO = "1" * 32, "2" * 32


def test_a_narrower_run_adds_to_the_board_and_takes_nothing_off(store: Store) -> None:
    store.records.add_to_board("tiny", board(ONE, TWO, commands=["blurbench run"]))
    store.records.add_to_board("tiny", board(TWO, title="Tiny, again", commands=["blurbench run --test-blur blur-2"]))
    found = store.records.board("tiny")
    assert found is not None
    assert ([line.key for line in found.lines], found.test_blurs) == ([ONE, TWO], ["blur-1", "blur-2"])
    assert (found.title, found.commands) == ("Tiny, again", ["blurbench run"])
    newer = Line(key="3" * 32, seed=0, labels={"test_blur": "blur-2"})
    store.records.add_to_board("tiny", board(lines=[newer]))
    found = store.records.board("tiny")
    assert found is not None
    assert [line.key for line in found.lines] == [ONE, newer.key], "the later one stands at its place"


def test_a_changed_suite_replaces_the_board(store: Store) -> None:
    store.records.add_to_board("tiny", board(ONE, TWO))
    store.records.add_to_board("tiny", board(TWO, content="00" * 16))
    found = store.records.board("tiny")
    assert found is not None
    assert [line.key for line in found.lines] == [TWO]


def test_the_records_of_a_board_are_those_of_its_lines_that_are_sound(store: Store) -> None:
    store.records.put(read(Record, content(), ""))
    store.records.put(read(Record, content(key=TWO), ""))
    store.records.put(read(Record, content(key=ONE), ""))
    store.records.path(ONE).write_text("{")
    assert list(store.records.of_board(board(KEY, ONE))) == [KEY]
