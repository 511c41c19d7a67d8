"""Which records of a data set were not measured on the test images of the others.

A record's test labels can be forged together with its predictions. What the test images alone decide must agree between
all records on them, so the few that differ from the many are found, and left out, while the rest stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from blurbench.errors import counted
from blurbench.matrix.keys import digest
from blurbench.measurements import MEASUREMENTS
from blurbench.store.record import Manifest, Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["copied", "inconsistent", "without_inconsistent"]


def inconsistent(records: Iterable[Record]) -> dict[str, str]:
    """The keys of measured records whose test images are not those of most others of their data set, with the reason.

    Where as many say one thing as another, the one that came first is believed.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        if record.result is not None:
            groups.setdefault(_same_images(record), []).append(record)
    return {key: reason for group in groups.values() for key, reason in _minority(group).items()}


def copied(records: Iterable[Record], believed: Iterable[Record] = ()) -> dict[str, str]:
    """The keys of measured records whose answers are, for most images, exactly another seed's, though something was
    fitted: two fits never agree so far. The first of them stays, and so do those that are `believed`."""
    rows: dict[str, list[Record]] = {}
    known = list(believed)
    for record in (*known, *sorted(records, key=lambda record: record.seed)):
        if record.result is not None:
            axes = {axis: value.config for axis, value in record.axes.items()}
            rows.setdefault(digest([axes, record.budget, record.test_seed, record.settings]), []).append(record)
    kept = {record.key for record in known}
    found = {key: reason for row in rows.values() if len(row) > 1 for key, reason in _copies(row).items()}
    return {key: reason for key, reason in found.items() if key not in kept}


def _copies(row: list[Record]) -> dict[str, str]:
    """Of one cell in several seeds, those that repeat one before them."""
    found: dict[str, str] = {}
    known: list[tuple[int, NDArray[np.float64]]] = []
    for record in row:
        assert record.result is not None
        if (answers := record.result.fitted_answers()) is None:
            continue
        for seed, others in known:
            if seed != record.seed and (alike := _alike(answers, others)):
                found[record.key] = f"its answers are those of seed {seed}, {alike}: no two fits agree so far"
                break
        else:
            known.append((record.seed, answers))
    return found


def _alike(answers: NDArray[np.float64], others: NDArray[np.float64]) -> str:
    """For how many of the images that tell two fits apart they are the same; empty where it is no more than half."""
    if answers.shape != others.shape:
        return ""
    same = int((answers == others).sum())  # NaN equals nothing
    told = max(int((one == one).sum()) for one in (answers, others))
    if 2 * same <= told:
        return ""
    return "image for image" if same == told else f"in {same} of {told} images"


def _same_images(record: Record) -> str:
    """Equal for records that must have been measured on the same test images."""
    measurement = MEASUREMENTS[record.measure]
    axes = [record.axes[axis].model_dump() for axis in measurement.truth_axes]
    return digest([record.measure, axes, record.budget.get("test_images"), measurement.sampling(record.result)])


def _minority(group: list[Record]) -> dict[str, str]:
    measurement = MEASUREMENTS[group[0].measure]
    truths = [(record.data_fingerprint, measurement.truth(record.result)) for record in group]

    def agree(first: tuple[str, Any], second: tuple[str, Any]) -> bool:
        return first[0] == second[0] and measurement.same_truth(first[1], second[1])

    # Most groups are of one mind, which is seen at once: comparing all pairs of 10,000 records would take minutes.
    classes: list[list[int]] = []
    for place, truth in enumerate(truths):
        known = next((members for members in classes if agree(truths[members[0]], truth)), None)
        if known is None:
            classes.append([place])
        else:
            known.append(place)
    believed = max(classes, key=len)
    others = counted(len(believed), "other record")
    return {
        group[place].key: f"its test {_what(truths[place], truths[believed[0]])} are not those of {others} of "
        f"{group[place].label('dataset')}"
        for members in classes
        if members is not believed
        for place in members
    }


def _what(truth: tuple[str, Any], believed: tuple[str, Any]) -> str:
    return "labels" if truth[0] == believed[0] and isinstance(truth[1], int) else "images"


def without_inconsistent(board: Manifest, records: Mapping[str, Record]) -> dict[str, Record]:
    """`records`, with those that cannot be compared replaced by a failed record that says why."""
    ordered = [records[line.key] for line in board.lines if line.key in records]
    odd = inconsistent(ordered)
    return {key: record.refused(odd[key]) if key in odd else record for key, record in records.items()}
