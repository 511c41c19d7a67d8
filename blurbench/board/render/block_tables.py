"""The tables of a board's blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import groupby

from blurbench.board.render.escape import for_markdown, named
from blurbench.board.render.formatting import (
    NOTHING,
    change,
    count,
    figures,
    figures_in,
    gain,
    megabytes,
    milliseconds,
    not_paired,
    percent,
    percent_in,
    points,
    ranks,
    seconds,
    whole_percent,
)
from blurbench.board.render.tables import Column, bullets, table
from blurbench.board.schema import CLEAN, Block, Missing, Row, Standings
from blurbench.metrics.intervals import Interval

__all__ = ["details"]


def details(standings: Standings) -> list[str]:
    """For each data set and classifier: what the strategies take, then block by block."""
    parts = []
    for (dataset, classifier), group in groupby(standings.blocks, lambda block: (block.dataset, block.classifier)):
        blocks = list(group)
        parts.append(f"## {for_markdown(dataset)}, {for_markdown(classifier)}")
        if predictors := _predictors(blocks):
            parts += ["### What each strategy takes", table(predictors, _TAKES)]
            parts += [part for block in blocks for part in _block(block)]
        else:
            # The reasons alone, without a table for each blur.
            parts.append(bullets(dict.fromkeys(_why(one) for block in blocks for one in block.missing)))
    return parts


def _predictors(blocks: Iterable[Block]) -> list[Row]:
    """Each strategy once, as it stands in the first block that has it: the clean one, where it was measured."""
    first: dict[tuple[str, str], Row] = {}
    for block in blocks:
        for row in (*block.rows, *block.oracles):
            first.setdefault((row.strategy, row.train_blur), row)
    return sorted(first.values(), key=lambda row: (row.is_oracle, not row.is_baseline, row.strategy, row.train_blur))


_TAKES: list[Column[Row]] = [
    ("strategy", lambda row: for_markdown(row.strategy)),
    ("train blur", lambda row: for_markdown(row.train_blur) or NOTHING),
    ("knows", lambda row: for_markdown(row.knows)),
    ("requires", lambda row: for_markdown(", ".join(row.requires)) or NOTHING),
    ("fit s", lambda row: seconds(row.cost.fit_seconds)),
    ("images seen", lambda row: count(row.cost.fit_images_seen)),
    ("steps", lambda row: count(row.cost.fit_steps)),
    ("parameters", lambda row: count(row.cost.parameters)),
    ("MACs", lambda row: count(row.cost.macs)),
    ("ms (1) (added)", lambda row: _with_added(row.cost.batch_1_ms, row.cost.added_batch_1_ms, row.is_baseline)),
    ("ms (256) (added)", lambda row: _with_added(row.cost.batch_256_ms, row.cost.added_batch_256_ms, row.is_baseline)),
    ("MB (256)", lambda row: megabytes(row.cost.peak_memory_bytes)),
]


def _with_added(own: float | None, added: float | None, is_baseline: bool) -> str:
    return milliseconds(own) + ("" if added is None or is_baseline else f" ({milliseconds(added, '+')})")


def _block(block: Block) -> list[str]:
    usual = _CLEAN_BLOCK if block.test_blur == CLEAN else _BLURRED_BLOCK
    columns = [*usual[:-4], *map(_own, block.own_metrics), *usual[-4:]]
    parts = [f"### {for_markdown(block.dataset)}, {for_markdown(block.classifier)}, {for_markdown(block.test_blur)}"]
    if block.photographed:
        parts.append(not_paired(block))
    elif block.loss:
        parts.append(_verdict(block.loss))
    if block.rows:
        parts.append(table(block.rows, columns))
    if block.best_of_gap:
        best = named(block.best_of_gap.strategy, block.best_of_gap.train_blur)
        parts.append(f"Headroom: {points(block.best_of_gap.gain)} ({best}), chosen on test images.")
    if block.oracles:
        parts += ["Told the true PSF, so out of competition:", table(block.oracles, columns[1:])]
    if block.best_oracle and len(block.oracles) > 1:
        best = named(block.best_oracle.strategy, block.best_oracle.train_blur)
        parts.append(f"The best of these: {points(block.best_oracle.gain)} ({best}), chosen on test images.")
    if block.missing:
        parts.append(bullets(_missing(block.missing)))
    return parts


def _verdict(loss: Interval) -> str:
    told = "" if loss.low > 0 else ": nothing to recover"
    return f"Change of the baseline's top-1 from no blur: {gain(-loss)} percentage points{told}."


_CLEAN_BLOCK: list[Column[Row]] = [
    ("rank", lambda row: ranks(row.rank_low, row.rank_high)),
    ("strategy", lambda row: for_markdown(row.strategy)),
    ("train blur", lambda row: for_markdown(row.train_blur) or NOTHING),
    ("top-1 [95%]", lambda row: percent_in(row.top1)),
    ("gain [95%]", lambda row: "baseline" if row.is_baseline else gain(row.gain)),
    ("top-5", lambda row: "" if row.top5 is None else percent(row.top5)),
    ("calibration error [95%]", lambda row: _with_ends(row.calibration_error, row.calibration_interval)),
    ("log loss", lambda row: "" if row.log_loss is None else figures(row.log_loss)),
    ("Brier", lambda row: "" if row.brier is None else figures(row.brier)),
    ("sure half", lambda row: "" if row.selective_top1 is None else percent(row.selective_top1)),
    ("worst class", lambda row: _worst(row)),
    ("restored PSNR (blurred)", lambda row: _restored(row.restored_psnr, row.blurred_psnr, 1)),
    ("restored SSIM (blurred)", lambda row: _restored(row.restored_ssim, row.blurred_ssim, 3)),
    ("observed", lambda row: ", ".join(f"{for_markdown(name)} {figures(n)}" for name, n in row.observations.items())),
    ("control", lambda row: row.control),
    ("front", lambda row: "yes" if row.on_front else ""),
    ("seeds", lambda row: str(len(row.seeds)) if len(row.seeds) > 1 else ""),
    ("flags", lambda row: ", ".join(row.flags)),
]

_BLURRED_BLOCK: list[Column[Row]] = [
    *_CLEAN_BLOCK[:5],
    ("recovered % [95%]", lambda row: _with_ends(row.recovered, row.recovered_interval, whole_percent)),
    ("retained %", lambda row: whole_percent(row.retained)),
    ("clean (change)", lambda row: percent(row.clean) + (f" ({change(row.clean_change)})" if row.clean_change else "")),
    ("churn", lambda row: "" if row.churn is None else percent(row.churn)),
    ("test blur was", lambda row: row.exposure),
    *_CLEAN_BLOCK[5:],
]


def _own(name: str) -> Column[Row]:
    """The column of a metric of a plugin's."""
    return f"{for_markdown(name)} [95%]", lambda row: figures_in(row.own.get(name))


def _with_ends(value: float | None, ends: Interval | None, show: Callable[[float | None], str] = percent) -> str:
    return show(value) + (f" [{show(ends.low)}, {show(ends.high)}]" if ends else "")


def _worst(row: Row) -> str:
    return "" if row.worst_class_top1 is None else f"{percent(row.worst_class_top1)} ({row.worst_class})"


def _restored(restored: float | None, blurred: float | None, decimals: int) -> str:
    if restored is None:
        return ""
    return f"{restored:.{decimals}f}" + (f" ({blurred:.{decimals}f})" if blurred is not None else "")


def _missing(missing: Iterable[Missing]) -> list[str]:
    """One line for each reason, with all that it stops."""
    stopped: dict[str, list[str]] = {}
    for one in missing:
        stopped.setdefault(_why(one), []).append(named(one.strategy, one.train_blur))
    return [
        f"{why}: " + "; ".join(f"{name} ({n} seeds)" if n > 1 else name for name, n in Counter(names).items())
        for why, names in stopped.items()
    ]


def _why(one: Missing) -> str:
    details = [one.reason, f"log {one.log}" if one.log else ""]
    told = ", ".join(for_markdown(text) for text in details if text)
    return for_markdown(one.status) + (f" ({told})" if told else "")
