"""Records in their folder."""

from __future__ import annotations

from blurbench.store.files import write_atomically
from blurbench.store.record import Record, read
from blurbench.store.store import Store
from tests.store.conftest import KEY
from tests.store.test_record import content


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
