"""A leaderboard as CSV: a line for each row of each block and for each missing cell; fractions, not percent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from blurbench.leaderboard.escape import for_spreadsheet
from blurbench.leaderboard.rows import Block, Missing, Row, Standings
from blurbench.metrics.intervals import Interval

__all__ = ["rows"]


def rows(standings: Standings) -> str:
    """The text of the file, header first. Empty where there is nothing; the same standings, the same bytes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _FIELDS, restval="", lineterminator="\n")
    writer.writeheader()
    for block in standings.blocks:
        for line in _lines(block):
            writer.writerow({name: _cell(value) for name, value in (_board(standings) | line).items()})
    return text.getvalue()


def _board(standings: Standings) -> dict[str, object]:
    return {"suite": standings.suite, "suite_version": standings.suite_version, "budget": standings.budget}


def _lines(block: Block) -> Iterator[dict[str, object]]:
    place = {"dataset": block.dataset, "classifier": block.classifier, "test_blur": block.test_blur}
    for row in (*block.rows, *block.oracles):
        yield place | _measured(row)
    for missing in block.missing:
        yield place | _missing(missing)


def _measured(row: Row) -> dict[str, object]:
    return {
        **{name: getattr(row, name) for name in _OF_A_ROW},
        **{name: getattr(row.cost, name) for name in _OF_A_COST},
        **_interval("top1", row.top1),
        **_interval("gain", row.gain),
        **_interval("clean_change", row.clean_change),
        "status": "ok",
        "seeds": " ".join(map(str, row.seeds)),
        "top1_by_seed": " ".join(f"{seed}:{top1:.6f}" for seed, top1 in zip(row.seeds, row.top1_by_seed, strict=True)),
        "keys": " ".join(row.keys),
        "requires": ", ".join(row.requires),
        "observations": json.dumps({name: round(value, 6) for name, value in row.observations.items()}),
    }


def _missing(missing: Missing) -> dict[str, object]:
    names = ("strategy", "train_blur", "status", "reason", "log")
    return {**{name: getattr(missing, name) for name in names}, "seeds": missing.seed}


def _interval(name: str, interval: Interval | None) -> dict[str, object]:
    if interval is None:
        return {}
    return {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6f}"
        case str():
            return for_spreadsheet(value)
        case _:
            return str(value)


_OF_A_ROW = (
    "strategy",
    "train_blur",
    "rank",
    "ties_with_best",
    "is_baseline",
    "is_oracle",
    "n",
    "top5",
    "recovered",
    "retained",
    "clean",
    "calibration_error",
    "knows",
    "exposure",
    "blurred_psnr",
    "restored_psnr",
    "blurred_ssim",
    "restored_ssim",
)
_OF_A_COST = (
    "fit_seconds",
    "fit_images_seen",
    "parameters",
    "batch_1_ms",
    "batch_256_ms",
    "added_batch_1_ms",
    "added_batch_256_ms",
)
_FIELDS = (
    *("suite", "suite_version", "budget", "dataset", "classifier", "test_blur", "strategy", "train_blur"),
    *("status", "reason", "log", "rank", "ties_with_best", "is_baseline", "is_oracle", "n", "seeds"),
    *("top1", "top1_low", "top1_high", "top1_by_seed", "top5", "calibration_error"),
    *("gain", "gain_low", "gain_high", "recovered", "retained"),
    *("clean", "clean_change", "clean_change_low", "clean_change_high"),
    *("knows", "requires", "exposure", *_OF_A_COST),
    *("blurred_psnr", "restored_psnr", "blurred_ssim", "restored_ssim", "observations", "keys"),
)
