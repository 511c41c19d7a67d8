"""Test blurs that differ in one length, or in noise, put in order, and what each row does along them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from blurbench.board.outcomes import BlockKey, Cells, RowKey
from blurbench.board.schema import CLEAN, Block, HalfAccuracy, Row, SeveritySweep, SweepPoint, SweepRow
from blurbench.metrics.robustness import area_under, half_accuracy
from blurbench.results.record import Record

__all__ = ["Blurs", "SweepSteps", "ladders"]

LENGTH = "pixels"
SEVERITIES = (LENGTH, "of 255")
"""The units of severity, lengths and noise: an angle or a number of taps is no severity."""


@dataclass(frozen=True)
class SweepSteps:
    """Test blurs that are the same but for one parameter, in rising order of its values."""

    blur: str
    parameter: str
    unit: str
    steps: tuple[str, ...]
    values: tuple[float, ...]
    shared: frozenset[tuple[str, Any]]
    """All else, by path; the plugin's name is at `name`."""

    def value_of(self, spec: Mapping[str, Any]) -> float | None:
        """Where another blur lies on this ladder, if it does."""
        leaves = dict(_leaves(spec))
        value = leaves.pop(self.parameter, None)
        return float(value) if _is_number(value) and frozenset(leaves.items()) == self.shared else None


class Blurs:
    """The test blurs of a board, as their records describe them."""

    def __init__(self, names: Sequence[str], records: Iterable[Record], labels: Mapping[str, str]) -> None:
        """`labels` gives a record's test blur as the suite words it, by the record's key."""
        specs: dict[str, Mapping[str, Any]] = {}
        units: dict[str, Mapping[str, str]] = {}
        for record in records:
            label = labels[record.key]
            specs.setdefault(label, record.test_blur.spec)
            units[label] = record.test_blur_units or units.get(label, {})
        self.names = [name for name in names if name != CLEAN]
        self.rungs = list(_rungs({name: specs[name] for name in self.names if name in specs}, units))

    def corruptions(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every test blur once: in the first ladder that has it, or alone."""
        done: set[str] = set()
        for name in self.names:
            ladder = next((one for one in self.rungs if name in one.steps), None)
            if name in done:
                continue
            steps = tuple(step for step in (ladder.steps if ladder else (name,)) if step not in done)
            done |= set(steps)
            yield (ladder.blur if ladder and len(steps) > 1 else name), steps


# --- finding ladders -----------------------------------------------------------------------------------------------


def _rungs(specs: Mapping[str, Mapping[str, Any]], units: Mapping[str, Mapping[str, str]]) -> Iterator[SweepSteps]:
    found: dict[tuple[str, str, frozenset[tuple[str, Any]]], dict[float, str]] = {}
    for label, spec in specs.items():
        leaves = dict(_leaves(spec))
        for path, value in leaves.items():
            unit = units.get(label, {}).get(path, "")
            if _is_number(value) and value > 0 and unit in SEVERITIES:
                shared = frozenset((name, other) for name, other in leaves.items() if name != path)
                found.setdefault((path, unit, shared), {}).setdefault(float(value), label)
    alike = {key: by_value for key, by_value in found.items() if len(by_value) > 1}
    for (path, unit, shared), by_value in alike.items():
        rivals = [other for name, _, other in alike if name == path and dict(other)["name"] == dict(shared)["name"]]
        values = tuple(sorted(by_value))
        yield SweepSteps(
            _worded(shared, rivals), path, unit, tuple(by_value[value] for value in values), values, shared
        )


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and text of a spec by its path; what `revision` it had does not make another blur."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name != "revision":
                yield from _leaves(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{path}.{place}" if path else str(place))
    else:
        yield path, value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _worded(shared: frozenset[tuple[str, Any]], rivals: Sequence[frozenset[tuple[str, Any]]]) -> str:
    """`gaussian`; the steps of a chain; and what sets it apart from other ladders of the same name."""
    leaves = dict(shared)
    steps = [str(leaves[path]) for path in sorted(leaves) if path.startswith("steps.") and path.endswith(".name")]
    name = " + ".join(steps) or str(leaves["name"])
    apart = sorted(path for path, value in shared if any(dict(other).get(path) != value for other in rivals))
    return name + (f"[{', '.join(f'{path}={leaves[path]}' for path in apart)}]" if apart else "")


# --- walking along them --------------------------------------------------------------------------------------------


def ladders(blurs: Blurs, blocks: Sequence[Block], cells: Cells) -> Iterator[SeveritySweep]:
    """Every ladder of every data set and classifier of which two steps or more were measured."""
    for dataset, classifier in dict.fromkeys((block.dataset, block.classifier) for block in blocks):
        here = {
            block.test_blur: block for block in blocks if (block.dataset, block.classifier) == (dataset, classifier)
        }
        for rungs in blurs.rungs:
            walk = _Walk(rungs, here, _side(cells, dataset))
            entries = list(dict.fromkeys(entry for step in rungs.steps for entry in walk.at(step)))
            curves = tuple(
                curve for entry in entries if len((curve := walk.curve(entry, _spec(cells, here, entry))).points) > 1
            )
            if curves:
                yield SeveritySweep(
                    *(
                        dataset,
                        classifier,
                        rungs.blur,
                        rungs.parameter,
                        rungs.unit,
                        walk.side,
                        rungs.steps,
                        rungs.values,
                    ),
                    curves=tuple(sorted(curves, key=lambda one: (one.is_oracle, not one.is_baseline))),
                )


def _side(cells: Cells, dataset: str) -> int | None:
    records = (
        row.first for place, rows in cells.items() if place.dataset == dataset for row in rows.values() if row.records
    )
    return next((min(record.image_shape[1:]) for record in records if record.image_shape), None)


def _spec(cells: Cells, here: Mapping[str, Block], entry: RowKey) -> Mapping[str, Any]:
    """The training blur of a row; empty where it has none."""
    for block in here.values():
        row = cells[BlockKey(block.dataset, block.classifier, block.test_blur)].get(entry)
        if row and row.records and entry.train_blur:
            return row.first.train_blur.spec
    return {}


@dataclass(frozen=True)
class _Walk:
    rungs: SweepSteps
    blocks: Mapping[str, Block]
    side: int | None

    def at(self, step: str) -> dict[RowKey, Row]:
        block = self.blocks.get(step)
        rows = (*block.rows, *block.oracles) if block else ()
        return {RowKey(row.strategy, row.train_blur): row for row in rows}

    def curve(self, entry: RowKey, train_blur: Mapping[str, Any]) -> SweepRow:
        found = [
            (step, value, self.at(step).get(entry))
            for step, value in zip(self.rungs.steps, self.rungs.values, strict=True)
        ]
        rows = [(step, value, row) for step, value, row in found if row]
        clean, (_, _, any_row) = rows[0][2].clean, rows[0]
        heights = [row.top1.estimate for _, _, row in rows]
        whole = clean is not None and len(rows) == len(found)
        return SweepRow(
            *entry,
            is_baseline=any_row.is_baseline,
            is_oracle=any_row.is_oracle,
            clean=clean,
            points=tuple(SweepPoint(step, value, row.top1, row.gain, row.exposure) for step, value, row in rows),
            fitted_at=self.rungs.value_of(train_blur),
            area=area_under(clean, self.rungs.values, heights) if clean is not None and whole else None,
            half=self._half(clean, heights) if clean is not None and whole else None,
            control=any_row.control,
        )

    def _half(self, clean: float, heights: Sequence[float]) -> HalfAccuracy:
        found = half_accuracy(clean, self.rungs.values, heights)
        value = self.rungs.values[-1] if found is None else found
        return HalfAccuracy(value, self._of_side(value), reached=found is not None)

    def _of_side(self, value: float) -> float | None:
        return value / self.side if self.side and self.rungs.unit == LENGTH else None
