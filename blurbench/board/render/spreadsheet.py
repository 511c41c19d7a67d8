"""A leaderboard as CSV: a line for each row of each block and for each missing cell; fractions, not percent.

In each blurred block one row is marked as the headroom: the best of all but the oracles, chosen on the test images, so
that no remedy reaches it by right.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator

from blurbench.board.render.escape import for_spreadsheet
from blurbench.board.schema import (
    Block,
    CorruptionErrors,
    CorruptionTable,
    Missing,
    Row,
    SeveritySweep,
    Standings,
    SweepRow,
)
from blurbench.metrics.intervals import Interval

__all__ = ["rows"]


def rows(standings: Standings) -> str:
    """The text of the file, header first. Empty where there is nothing; the same standings, the same bytes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _FIELDS, restval="", lineterminator="\n")
    writer.writeheader()
    beyond = _Beyond(standings)
    for block in standings.blocks:
        for line in _lines(block, beyond):
            writer.writerow({name: _cell(value) for name, value in (_board(standings) | line).items()})
    return text.getvalue()


def _board(standings: Standings) -> dict[str, object]:
    return {"suite": standings.suite, "suite_version": standings.suite_version, "budget": standings.budget}


class _Beyond:
    """What is known of a row beyond its block: its corruption errors, and its curve along a ladder."""

    def __init__(self, standings: Standings) -> None:
        self._found: dict[tuple[str, ...], dict[str, object]] = {}
        for of in standings.corruptions:
            for row in of.rows:
                means = {"mce": row.mce, "relative_mce": row.relative_mce, "ce_reference": of.reference}
                for corruption, ce, relative in zip(of.corruptions, row.ce, row.relative_ce, strict=True):
                    for test_blur in corruption.test_blurs:
                        self._at(of, test_blur, row).update(means, ce=ce, relative_ce=relative)
        for ladder in standings.ladders:
            for curve in ladder.curves:
                half = curve.half
                found = {"area": curve.area, "fitted_at": curve.fitted_at, "half_at": half.value if half else None}
                for test_blur, value in zip(ladder.steps, ladder.values, strict=True):
                    own = self._at(ladder, test_blur, curve)
                    own.update(found, half_reached=half.reached if half else None, severity=value)

    def _at(
        self, place: CorruptionTable | SeveritySweep, test_blur: str, row: CorruptionErrors | SweepRow
    ) -> dict[str, object]:
        return self._found.setdefault((place.dataset, place.classifier, test_blur, row.strategy, row.train_blur), {})

    def of(self, block: Block, row: Row) -> dict[str, object]:
        """Empty in the clean block."""
        return self._found.get((block.dataset, block.classifier, block.test_blur, row.strategy, row.train_blur), {})


def _lines(block: Block, beyond: _Beyond) -> Iterator[dict[str, object]]:
    place = {"dataset": block.dataset, "classifier": block.classifier, "test_blur": block.test_blur}
    for row in (*block.rows, *block.oracles):
        yield place | _measured(row) | _headroom(block, row) | beyond.of(block, row)
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
        "top1_by_seed": _by_seed(row.seeds, row.top1_by_seed),
        "gain_by_seed": _by_seed(row.gain_seeds, row.gain_by_seed),
        "keys": " ".join(row.keys),
        "requires": ", ".join(row.requires),
        "observations": json.dumps({name: round(value, 6) for name, value in row.observations.items()}),
    }


def _headroom(block: Block, row: Row) -> dict[str, object]:
    if (best := block.headroom) is None:
        return {}
    return {"headroom_chosen_on_test": (row.strategy, row.train_blur) == (best.strategy, best.train_blur)}


def _by_seed(seeds: tuple[int, ...], values: tuple[float, ...]) -> str:
    return " ".join(f"{seed}:{value:.6f}" for seed, value in zip(seeds, values, strict=True))


def _missing(missing: Missing) -> dict[str, object]:
    names = ("strategy", "train_blur", "status", "reason", "log")
    return {**{name: getattr(missing, name) for name in names}, "seeds": missing.seed}


def _interval(name: str, interval: Interval | None) -> dict[str, object]:
    if interval is None:
        return {}
    share = {} if interval.seed_share is None else {f"{name}_seed_share": interval.seed_share}
    return {name: interval.estimate, f"{name}_low": interval.low, f"{name}_high": interval.high, **share}


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
    "rank_low",
    "rank_high",
    "ties_with_best",
    "on_front",
    "is_baseline",
    "is_oracle",
    "control",
    "n",
    "top5",
    "recovered",
    "retained",
    "clean",
    "clean_top5",
    "clean_calibration_error",
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
    "fit_steps",
    "parameters",
    "macs",
    "peak_memory_bytes",
    "batch_1_ms",
    "batch_256_ms",
    "added_batch_1_ms",
    "added_batch_256_ms",
)
_FIELDS = (
    *("suite", "suite_version", "budget", "dataset", "classifier", "test_blur", "strategy", "train_blur"),
    *("status", "reason", "log", "rank", "rank_low", "rank_high", "ties_with_best", "on_front"),
    *("headroom_chosen_on_test", "is_baseline", "is_oracle", "control", "n", "seeds"),
    *("top1", "top1_low", "top1_high", "top1_seed_share", "top1_by_seed", "top5", "calibration_error"),
    *("gain", "gain_low", "gain_high", "gain_seed_share", "gain_by_seed", "recovered", "retained"),
    *("clean", "clean_top5", "clean_calibration_error"),
    *("clean_change", "clean_change_low", "clean_change_high", "clean_change_seed_share"),
    *("ce", "relative_ce", "mce", "relative_mce", "ce_reference"),
    *("severity", "fitted_at", "area", "half_at", "half_reached"),
    *("knows", "requires", "exposure", *_OF_A_COST),
    *("blurred_psnr", "restored_psnr", "blurred_ssim", "restored_ssim", "observations", "keys"),
)
