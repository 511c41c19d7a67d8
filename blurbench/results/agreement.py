"""Which records of a data set were not measured on the test images of the others.

A record's test labels can be forged together with its predictions. The label lists of one data set must agree, so the
few that differ from the many are found, and left out, while the rest stands.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar

from blurbench.results.estimation import Estimation
from blurbench.results.record import AnyBoard, AnyRecord, Record
from blurbench.suites.keys import digest

__all__ = ["dissenters", "without_dissenters"]

Truth: TypeAlias = tuple[str, int]
"""The fingerprint of the data and the hash of the label list."""

R = TypeVar("R", bound=AnyRecord)


def dissenters(records: Iterable[AnyRecord]) -> dict[str, str]:
    """The keys of measured records whose test images are not those of most others of their data set, with the reason.

    Where as many say one thing as another, the one that came first is believed.
    """
    groups: dict[str, dict[str, Truth]] = {}
    maps: dict[str, list[Estimation]] = {}
    names: dict[str, str] = {}
    for record in records:
        if isinstance(record, Record) and record.images is not None:
            group = digest([record.dataset.model_dump(), record.budget.get("test_images")])
            truth = (record.data_fingerprint, hash(tuple(record.images.label)))
            groups.setdefault(group, {})[record.key] = truth
            names[record.key] = record.dataset.label
        elif isinstance(record, Estimation) and record.measured is not None:
            maps.setdefault(_of_one_truth(record), []).append(record)
    found = {key: f"{reason} of {names[key]}" for group in groups.values() for key, reason in _minority(group).items()}
    return found | {key: reason for group in maps.values() for key, reason in _odd_maps(group).items()}


def _minority(truths: Mapping[str, Truth]) -> dict[str, str]:
    ((believed, count),) = Counter(truths.values()).most_common(1)
    return {
        key: f"its test {'labels' if truth[0] == believed[0] else 'images'} are not those of {count} other record"
        + "s" * (count > 1)
        for key, truth in truths.items()
        if truth != believed
    }


def _of_one_truth(record: Estimation) -> str:
    """Equal for records whose true maps must be the same."""
    assert record.measured is not None
    pictures = [record.tested_on.model_dump(), record.blur.model_dump(), record.budget.get("test_images")]
    return digest([*pictures, record.measured.pictures, record.measured.readings, record.measured.stride])


def _odd_maps(group: list[Estimation]) -> dict[str, str]:
    """Of records with one true map those that say otherwise of it: of its variance, or of what was in the pictures."""
    agreeing = [sum(_one_truth(record, other) for other in group) for record in group]
    believed, count = group[agreeing.index(max(agreeing))], max(agreeing)
    others = f"{count} other record{'s' * (count > 1)}"
    return {
        record.key: f"its true map is not that of {others} on {record.tested_on.label}"
        for record in group
        if not _one_truth(record, believed)
    }


def _one_truth(one: Estimation, other: Estimation) -> bool:
    assert one.measured is not None
    assert other.measured is not None
    named = {one.data_fingerprint, other.data_fingerprint} - {""}
    return (
        len(named) < 2
        and math.isclose(one.measured.mean_answer_mse, other.measured.mean_answer_mse, rel_tol=1e-2, abs_tol=1e-6)
        and math.isclose(one.measured.flat_share, other.measured.flat_share, abs_tol=0.02)
    )


def without_dissenters(board: AnyBoard, records: Mapping[str, R]) -> dict[str, R]:
    """`records`, with those that cannot be compared replaced by a failed record that says why."""
    ordered = [records[line.key] for line in board.lines if line.key in records]
    odd = dissenters(ordered)
    return {key: record.refused(odd[key]) if key in odd else record for key, record in records.items()}
