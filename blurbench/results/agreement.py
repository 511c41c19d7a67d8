"""Which records of a data set were not measured on the test images of the others.

A record's test labels can be forged together with its predictions. The label lists of one data set must agree, so the
few that differ from the many are found, and left out, while the rest stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from blurbench.results.record import Manifest, Record
from blurbench.suites.keys import digest

__all__ = ["dissenters", "without_dissenters"]

Truth: TypeAlias = tuple[str, int]
"""The fingerprint of the data and the hash of the label list."""


def dissenters(records: Iterable[Record]) -> dict[str, str]:
    """The keys of measured records whose test images are not those of most others of their data set, with the reason.

    Where as many say one thing as another, the one that came first is believed.
    """
    groups: dict[str, dict[str, Truth]] = {}
    names: dict[str, str] = {}
    for record in records:
        if record.images is not None:
            group = digest([record.dataset.model_dump(), record.budget.get("test_images")])
            truth = (record.data_fingerprint, hash(tuple(record.images.label)))
            groups.setdefault(group, {})[record.key] = truth
            names[record.key] = record.dataset.label
    return {key: f"{reason} of {names[key]}" for group in groups.values() for key, reason in _minority(group).items()}


def _minority(truths: Mapping[str, Truth]) -> dict[str, str]:
    ((believed, count),) = Counter(truths.values()).most_common(1)
    return {
        key: f"its test {'labels' if truth[0] == believed[0] else 'images'} are not those of {count} other record"
        + "s" * (count > 1)
        for key, truth in truths.items()
        if truth != believed
    }


def without_dissenters(manifest: Manifest, records: Mapping[str, Record]) -> dict[str, Record]:
    """`records`, with those that cannot be compared replaced by a failed record that says why."""
    ordered = [records[line.key] for line in manifest.lines if line.key in records]
    odd = dissenters(ordered)
    return {key: _refused(record, odd[key]) if key in odd else record for key, record in records.items()}


def _refused(record: Record, reason: str) -> Record:
    emptied = {"metrics": None, "images": None, "cost": None}
    return record.model_copy(update={"status": "failed", "reason": f"refused: {reason}", "log": "", **emptied})
