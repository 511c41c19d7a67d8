"""Severity sweeps: test blurs that differ in one length, or in noise, in order, and what each row does along them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from blurbench.board.outcomes import BlurFacts, Outcomes, RowOutcomes
from blurbench.board.schema import CLEAN, Block, HalfAccuracy, Row, RowKey, SeveritySweep, SweepPoint, SweepRow
from blurbench.metrics.robustness import area_under, half_accuracy

__all__ = ["SweepSteps", "corruptions", "severity_sweeps", "sweep_steps"]

LENGTH = "pixels"
SEVERITIES = (LENGTH, "of 255")
"""The units of severity, lengths and noise: an angle or a number of taps is no severity."""

Leaves: TypeAlias = frozenset[tuple[str, Any]]
"""Numbers and texts of a config by their paths: `steps.0.sigma`."""


@dataclass(frozen=True)
class SweepSteps:
    """Test blurs that are the same but for one parameter, in rising order of its values."""

    blur: str
    parameter: str
    unit: str
    steps: tuple[str, ...]
    values: tuple[float, ...]
    shared: Leaves
    """All else; the plugin's name is at `name`."""

    def value_of(self, config: Mapping[str, Any]) -> float | None:
        """Where another blur lies on this sweep, if it does."""
        leaves = dict(_leaves(config))
        value = leaves.pop(self.parameter, None)
        return float(value) if _is_number(value) and frozenset(leaves.items()) == self.shared else None


def corruptions(names: Sequence[str], sweeps: Sequence[SweepSteps]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every test blur of `names` once: in the first sweep that has it, or alone."""
    done: set[str] = set()
    for name in names:
        sweep = next((sweep for sweep in sweeps if name in sweep.steps), None)
        if name in done:
            continue
        steps = tuple(step for step in (sweep.steps if sweep else (name,)) if step not in done)
        done |= set(steps)
        yield (sweep.blur if sweep and len(steps) > 1 else name), steps


# --- finding sweeps ------------------------------------------------------------------------------------------------


def sweep_steps(blurs: Mapping[str, BlurFacts]) -> Iterator[SweepSteps]:
    """All sweeps among the test blurs of a board."""
    groups: dict[tuple[str, str, Leaves], dict[float, str]] = {}
    for label, facts in blurs.items():
        leaves = dict(_leaves(facts.meaning.spec)) if label != CLEAN else {}
        for path, value in leaves.items():
            unit = facts.units.get(path, "")
            if _is_number(value) and value > 0 and unit in SEVERITIES:
                shared = frozenset((name, leaf) for name, leaf in leaves.items() if name != path)
                groups.setdefault((path, unit, shared), {}).setdefault(float(value), label)
    alike = {key: by_value for key, by_value in groups.items() if len(by_value) > 1}
    for (path, unit, shared), by_value in alike.items():
        rivals = [rival for name, _, rival in alike if name == path and dict(rival)["name"] == dict(shared)["name"]]
        values = tuple(sorted(by_value))
        yield SweepSteps(_title(shared, rivals), path, unit, tuple(map(by_value.__getitem__, values)), values, shared)


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


def _title(shared: Leaves, rivals: Sequence[Leaves]) -> str:
    """`gaussian`; the steps of a chain; and what sets it apart from other sweeps of the same name."""
    leaves = dict(shared)
    steps = [str(leaves[path]) for path in sorted(leaves) if path.startswith("steps.") and path.endswith(".name")]
    name = " + ".join(steps) or str(leaves["name"])
    apart = sorted(path for path, value in shared if any(dict(rival).get(path) != value for rival in rivals))
    return name + (f"[{', '.join(f'{path}={leaves[path]}' for path in apart)}]" if apart else "")


# --- walking along them --------------------------------------------------------------------------------------------


def severity_sweeps(
    sweeps: Sequence[SweepSteps], blocks: Sequence[Block], outcomes: Outcomes
) -> Iterator[SeveritySweep]:
    """Every sweep of every data set and classifier of which two steps or more were measured."""
    for dataset, classifier in dict.fromkeys((block.dataset, block.classifier) for block in blocks):
        own = [block for block in blocks if (block.dataset, block.classifier) == (dataset, classifier)]
        rows = {block.test_blur: block.by_key for block in own}
        side = _side([row for block, _, row in outcomes.each_row() if block.dataset == dataset])
        for sweep in sweeps:
            walk = _Walk(sweep, rows, side)
            keys = dict.fromkeys(key for step in sweep.steps for key in rows.get(step, {}))
            curves = [walk.row(key, _train_blur(outcomes, own, key)) for key in keys]
            curves = sorted(
                (curve for curve in curves if len(curve.points) > 1),
                key=lambda row: (row.is_oracle, not row.is_baseline),
            )
            if curves:
                shown = (sweep.blur, sweep.parameter, sweep.unit, side, sweep.steps, sweep.values)
                yield SeveritySweep(dataset, classifier, *shown, curves=tuple(curves))


def _side(rows: Sequence[RowOutcomes]) -> int | None:
    """The shorter side of a data set's images."""
    shapes = (row.facts.image_shape for row in rows if row.facts and row.facts.image_shape)
    return next((min(shape[1:]) for shape in shapes), None)


def _train_blur(outcomes: Outcomes, blocks: Sequence[Block], key: RowKey) -> Mapping[str, Any]:
    """The training blur of a row; empty where it has none."""
    rows = (outcomes.rows[block.key].get(key) for block in blocks if key.train_blur)
    return next((row.facts.train_blur for row in rows if row and row.facts), {})


@dataclass(frozen=True)
class _Walk:
    """The rows of one data set and classifier, by test blur, along a sweep."""

    sweep: SweepSteps
    rows: Mapping[str, Mapping[RowKey, Row]]
    side: int | None

    def row(self, key: RowKey, train_blur: Mapping[str, Any]) -> SweepRow:
        steps = zip(self.sweep.steps, self.sweep.values, strict=True)
        rows = [(step, value, self.rows[step][key]) for step, value in steps if key in self.rows.get(step, {})]
        clean, first = rows[0][2].clean, rows[0][2]
        top1 = [row.top1.estimate for _, _, row in rows]
        whole = clean if len(rows) == len(self.sweep.steps) else None  # an area needs every step
        return SweepRow(
            *key,
            is_baseline=first.is_baseline,
            is_oracle=first.is_oracle,
            clean=clean,
            points=tuple(SweepPoint(step, value, row.top1, row.gain, row.exposure) for step, value, row in rows),
            fitted_at=self.sweep.value_of(train_blur),
            area=None if whole is None else area_under(whole, self.sweep.values, top1),
            half=None if whole is None else self._half(whole, top1),
            control=first.control,
        )

    def _half(self, clean: float, top1: Sequence[float]) -> HalfAccuracy:
        reached = half_accuracy(clean, self.sweep.values, top1)
        value = self.sweep.values[-1] if reached is None else reached
        of_side = value / self.side if self.side and self.sweep.unit == LENGTH else None
        return HalfAccuracy(value, of_side, reached=reached is not None)
