"""A board's standings for other programs: as JSON, written and read back, and as a frame and CSV.

JSON is the form in which other programs, and `advise`, take a board: one object, `schema.Standings` with `format`
before it. Fractions, seconds and milliseconds are unrounded. What a field means stands in `schema`. Its forms:

1  of before the first release, without the field `format`
2  `meanings`, what each test blur is, and in each row `hits`, which test images were right (see `hits`): enough to
   pair any two rows of a data set image by image and seed by seed, as all intervals and ranks do

A reader of form 2 reads form 1, whose new fields are empty. A field that is added does not raise the number where
readers can do without; one that changes its meaning does.

The frame has a row for each row of each block and for each missing cell. In each blurred block one row is marked as the
best-of gap (`headroom`): the best of all but the oracles, chosen on the test images, so that no remedy reaches it by
right.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from blurbench.board.render.escape import for_spreadsheet
from blurbench.board.schema import (
    Block,
    CorruptionErrors,
    CorruptionTable,
    Cost,
    Row,
    SeveritySweep,
    Standings,
    SweepRow,
)
from blurbench.errors import RecordError
from blurbench.metrics.intervals import Interval

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["flat", "frame", "parse", "render", "to_csv"]

FORMAT = 2

_STANDINGS = TypeAdapter(Standings)


def render(standings: Standings) -> str:
    """Everything that the other renderings show, as JSON. Byte-stable."""
    content = _STANDINGS.dump_json(standings, indent=1, by_alias=True).decode().removeprefix("{")
    return f'{{\n "format": {FORMAT},{content}\n'


def parse(text: str | bytes, where: str) -> Standings:
    """The standings that `render` wrote. Raises RecordError in one line that names `where`."""
    form = _form(text, where)
    if form > FORMAT:
        raise RecordError(f"{where}: a newer blurbench wrote this board (format {form}); this one reads up to {FORMAT}")
    try:
        return _STANDINGS.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "content"
        raise RecordError(f"{where}: {place}: {first['msg']}") from None


def _form(text: str | bytes, where: str) -> int:
    try:
        content: Any = from_json(text)
    except ValueError as error:
        raise RecordError(f"{where}: content: {error}") from None
    form = content.get("format", 1) if isinstance(content, dict) and "blocks" in content else 0
    if type(form) is not int or form < 1:
        raise RecordError(f"{where}: this is no published board of classifiers")
    return form


# --- a frame --------------------------------------------------------------------------------------------------------


def frame(standings: Standings) -> pd.DataFrame:
    """A row for each row of each block and for each missing cell; fractions, not percent."""
    import pandas as pd

    board = {"suite": standings.suite, "suite_version": standings.suite_version, "budget": standings.budget}
    rows = [board | row for block in standings.blocks for row in _rows(block)]
    axes = ["dataset", "classifier", "test_blur", "strategy", "train_blur", "status"]
    table = pd.DataFrame(rows, dtype=object)
    for beyond in (_corruption_errors(standings), _severities(standings)):
        if beyond:
            table = table.merge(pd.DataFrame(beyond, dtype=object).drop_duplicates(axes), how="left", on=axes)
    own = [f"{name}{end}" for name in standings.own_metrics for end in ("", "_low", "_high")]
    return table.reindex(columns=[*_FIELDS, *own]).astype(object)


def to_csv(standings: Standings) -> str:
    """The text of the file, header first. Empty where there is nothing; the same standings, the same bytes."""
    text: str = frame(standings).map(_cell).to_csv(index=False, lineterminator="\n")
    return text


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with three columns for each that is an interval."""
    columns: dict[str, Any] = {}
    for name, value in values.items():
        columns |= {name: value.estimate, **_ends(name, value)} if isinstance(value, Interval) else {name: value}
    return columns


def _rows(block: Block) -> Iterator[dict[str, object]]:
    for row in block.by_key.values():
        best = {"headroom_chosen_on_test": row.key == block.best_of_gap.key} if block.best_of_gap else {}
        yield {**block.key._asdict(), **_measured(row), **best}
    for gap in block.missing:
        told = {"status": gap.status, "reason": gap.reason, "log": gap.log, "seeds": gap.seed}
        yield {**block.key._asdict(), **gap.key._asdict(), **told}


def _measured(row: Row) -> dict[str, object]:
    return {
        **{field: value for field in _FIELDS if (value := getattr(row, field, None)) is not None},
        **{field.name: getattr(row.cost, field.name) for field in fields(Cost)},
        **{name: mean.estimate for name, mean in row.own.items()},
        **{end: value for name, mean in row.own.items() for end, value in _ends(name, mean).items()},
        **_interval("top1", row.top1),
        **_interval("gain", row.gain),
        **_interval("clean_change", row.clean_change),
        **_ends("calibration_error", row.calibration_interval),
        **_ends("recovered", row.recovered_interval),
        "status": "ok",
        "seeds": " ".join(map(str, row.seeds)),
        "top1_by_seed": _by_seed(row.seeds, row.top1_by_seed),
        "gain_by_seed": _by_seed(row.gain_seeds, row.gain_by_seed),
        "keys": " ".join(row.keys),
        "requires": ", ".join(row.requires),
        "flags": ", ".join(row.flags),
        "observations": json.dumps({name: round(value, 6) for name, value in row.observations.items()}),
    }


def _by_seed(seeds: tuple[int, ...], values: tuple[float, ...]) -> str:
    return " ".join(f"{seed}:{value:.6f}" for seed, value in zip(seeds, values, strict=True))


def _interval(name: str, interval: Interval | None) -> dict[str, object]:
    if interval is None:
        return {}
    return {**flat({name: interval}), f"{name}_seed_share": interval.seed_share}


def _ends(name: str, interval: Interval | None) -> dict[str, object]:
    return {} if interval is None else {f"{name}_low": interval.low, f"{name}_high": interval.high}


def _measured_at(
    of: CorruptionTable | SeveritySweep, test_blur: str, row: CorruptionErrors | SweepRow
) -> dict[str, object]:
    place = {"dataset": of.dataset, "classifier": of.classifier, "test_blur": test_blur, "status": "ok"}
    return {**place, **row.key._asdict()}


def _corruption_errors(standings: Standings) -> list[dict[str, object]]:
    return [
        _measured_at(of, test_blur, row)
        | {"ce": ce, "relative_ce": relative, "ce_reference": of.reference}
        | {"mce": row.mce, "relative_mce": row.relative_mce, **_ends("mce", row.mce_interval)}
        for of in standings.corruptions
        for row in of.rows
        for corruption, ce, relative in zip(of.corruptions, row.ce, row.relative_ce, strict=True)
        for test_blur in corruption.test_blurs
    ]


def _severities(standings: Standings) -> list[dict[str, object]]:
    """Where a blur is on several sweeps, the last one counts."""
    return [
        _measured_at(sweep, test_blur, row)
        | {"severity": value, "area": row.area, "fitted_at": row.fitted_at}
        | ({"half_at": row.half.value, "half_reached": row.half.reached} if row.half else {})
        for sweep in reversed(standings.sweeps)
        for row in sweep.curves
        for test_blur, value in zip(sweep.steps, sweep.values, strict=True)
    ]


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return "" if value != value else f"{value:.6f}"
        case str():
            return for_spreadsheet(value)
        case _:
            return str(value)


_FIELDS = (
    *("suite", "suite_version", "budget", "dataset", "classifier", "test_blur", "strategy", "train_blur"),
    *("status", "reason", "log", "rank", "rank_low", "rank_high", "ties_with_best", "on_front", "flags"),
    *("headroom_chosen_on_test", "is_baseline", "is_oracle", "control", "n", "seeds"),
    *("top1", "top1_low", "top1_high", "top1_seed_share", "top1_by_seed", "top5"),
    *("calibration_error", "calibration_error_low", "calibration_error_high", "log_loss", "brier"),
    *("churn", "selective_top1", "worst_class", "worst_class_top1"),
    *("gain", "gain_low", "gain_high", "gain_seed_share", "gain_by_seed"),
    *("recovered", "recovered_low", "recovered_high", "retained"),
    *("clean", "clean_top5", "clean_calibration_error"),
    *("clean_change", "clean_change_low", "clean_change_high", "clean_change_seed_share"),
    *("ce", "relative_ce", "mce", "mce_low", "mce_high", "relative_mce", "ce_reference"),
    *("severity", "fitted_at", "area", "half_at", "half_reached"),
    *("knows", "requires", "exposure", "fit_seconds", "fit_images_seen", "fit_steps", "parameters", "macs"),
    *("peak_memory_bytes", "batch_1_ms", "batch_256_ms", "added_batch_1_ms", "added_batch_256_ms"),
    *("blurred_psnr", "restored_psnr", "blurred_ssim", "restored_ssim", "observations", "keys"),
)
