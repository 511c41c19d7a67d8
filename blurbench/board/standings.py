"""From stored records to a board's numbers: joins, paired gains, intervals, ranks. Runs nothing, reads no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from blurbench.board.blocks import block
from blurbench.board.corruptions import corruption_tables
from blurbench.board.outcomes import Cells, RowKey, baseline_key, gather
from blurbench.board.ranking import ranking
from blurbench.board.schema import Meaning, Standings
from blurbench.board.severity import Blurs, ladders
from blurbench.errors import UnknownName, UsageError
from blurbench.results.record import Manifest, Record, Timing

__all__ = ["Standings", "standings"]


def standings(
    manifest: Manifest,
    records: Mapping[str, Record],
    timings: Mapping[str, Timing],
    baseline_classifier: str | None = None,
) -> Standings:
    """The board of `manifest`; `records` and `timings` by key, in any order, whatever of them there is.

    Corruption errors are shares of the baseline strategy's with `baseline_classifier`, or with each row's own
    classifier where that is None. Raises UsageError where that reference is not on the board or lacks a cell, and
    RecordError where records of one data set were not measured on the same test images.
    """
    baseline = baseline_key(manifest, records)
    if baseline_classifier is not None:
        _check_reference(manifest, records, baseline_classifier, baseline)
    cells = gather(manifest, records)
    datasets = _distinct(line.dataset for line in manifest.lines)
    classifiers = _distinct(line.classifier for line in manifest.lines)
    test_blurs = _distinct([*manifest.test_blurs, *(line.test_blur for line in manifest.lines)])
    places = sorted(
        cells,
        key=lambda place: (
            datasets.index(place.dataset),
            classifiers.index(place.classifier),
            test_blurs.index(place.test_blur),
        ),
    )
    cells = {place: cells[place] for place in places}
    blocks = tuple(block(place, cells, baseline, timings) for place in places)
    blurs = _blurs(manifest, records, test_blurs)
    seeds = tuple(sorted({line.seed for line in manifest.lines}))
    return Standings(
        title=manifest.title,
        suite=manifest.suite,
        suite_version=manifest.suite_version,
        budget=manifest.budget,
        budget_values=manifest.budget_values,
        baseline=manifest.baseline,
        commands=tuple(manifest.commands),
        datasets=datasets,
        classifiers=classifiers,
        test_blurs=test_blurs,
        seeds=seeds,
        test_images=_test_images(cells),
        timed_on=_machines(cells, timings),
        rankings=tuple(ranking(classifier, cells, blocks, baseline) for classifier in classifiers),
        blocks=blocks,
        images_only=len(seeds) == 1,
        meanings=_meanings(manifest, records, test_blurs),
        ladders=tuple(ladders(blurs, blocks, cells)),
        corruptions=tuple(corruption_tables(blurs, blocks, baseline, baseline_classifier)),
    )


def _check_reference(
    manifest: Manifest, records: Mapping[str, Record], classifier: str, baseline: RowKey | None
) -> None:
    """A reference that is stated must be there, in full."""
    known = _distinct(line.classifier for line in manifest.lines)
    if classifier not in known:
        raise UnknownName("classifier on this board:", classifier, known)
    own = [line for line in manifest.lines if line.classifier == classifier]
    here = [line for line in own if baseline == RowKey(line.strategy, line.train_blur)]
    lacking = [line for line in here if line.key not in records or records[line.key].status != "ok"]
    missing = [f"{line.dataset} {line.test_blur}, seed {line.seed}" for line in lacking]
    if not here or missing:
        what = f"{missing[0]}{f' and {len(missing) - 1} more' if len(missing) > 1 else ''}" if missing else "every cell"
        again = manifest.commands[-1] if manifest.commands else f"blurbench run --suite {manifest.suite}"
        raise UsageError(
            f"no corruption errors against {manifest.baseline} of {classifier}: it lacks {what}; measure it "
            f"with `{again}`, or name another baseline classifier"
        )


def _blurs(manifest: Manifest, records: Mapping[str, Record], names: tuple[str, ...]) -> Blurs:
    labels = {line.key: line.test_blur for line in manifest.lines}
    return Blurs(names, (records[line.key] for line in manifest.lines if line.key in records), labels)


def _meanings(manifest: Manifest, records: Mapping[str, Record], names: tuple[str, ...]) -> dict[str, Meaning]:
    found: dict[str, Meaning] = {}
    for line in manifest.lines:
        record = records.get(line.key)
        if record is not None and record.status == "ok" and line.test_blur not in found:
            found[line.test_blur] = Meaning(record.test_blur.label, record.test_blur.spec)
    return {name: found[name] for name in names if name in found}


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _test_images(cells: Cells) -> dict[str, int]:
    measured = ((place.dataset, row) for place, rows in cells.items() for row in rows.values() if row.records)
    return {dataset: row.metrics[0].n for dataset, row in measured}


def _machines(cells: Cells, timings: Mapping[str, Timing]) -> tuple[str, ...]:
    """What the milliseconds of this board were measured on."""
    records = [record for rows in cells.values() for row in rows.values() for record in row.records.values()]
    keys = {record.cost.timing for record in records if record.cost} & timings.keys()
    return tuple(sorted({_machine(timings[key]) for key in keys}))


def _machine(timing: Timing) -> str:
    parts = (timing.device, f"{timing.threads} thread{'' if timing.threads == 1 else 's'}", timing.machine)
    return ", ".join(part for part in parts if part)
