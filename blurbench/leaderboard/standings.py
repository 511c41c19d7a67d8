"""From stored records to a board's numbers: joins, paired gains, intervals, ranks. Runs nothing, reads no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from blurbench.leaderboard.blocks import block
from blurbench.leaderboard.measured import Cells, baseline_entry, gather
from blurbench.leaderboard.ranking import ranking
from blurbench.leaderboard.rows import Standings
from blurbench.results.record import Manifest, Record, Timing

__all__ = ["Standings", "standings"]


def standings(manifest: Manifest, records: Mapping[str, Record], timings: Mapping[str, Timing]) -> Standings:
    """The board of `manifest`; `records` and `timings` by key, in any order, whatever of them there is.

    Raises RecordError where records of one data set were not measured on the same test images.
    """
    cells, baseline = gather(manifest, records), baseline_entry(manifest, records)
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
        seeds=tuple(sorted({line.seed for line in manifest.lines})),
        test_images=_test_images(cells),
        timed_on=_machines(cells, timings),
        rankings=tuple(ranking(classifier, cells, blocks, baseline) for classifier in classifiers),
        blocks=blocks,
    )


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
