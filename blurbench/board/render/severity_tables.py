"""The tables of severity: every row along the ladders of test blurs, and its corruption errors."""

from __future__ import annotations

from collections.abc import Sequence

from blurbench.board.render.escape import for_markdown
from blurbench.board.render.formatting import NOTHING, figures, half_accuracy, percent, percent_in, whole_percent
from blurbench.board.render.tables import Column, table
from blurbench.board.schema import CorruptionErrors, CorruptionTable, SeveritySweep, Standings, SweepRow

__all__ = ["corruption_section", "severity_section"]


def severity_section(standings: Standings) -> list[str]:
    """Nothing where no test blurs make a ladder."""
    parts = ["## Fitted for one severity, met at others"] if standings.sweeps else []
    for ladder in standings.sweeps:
        place = f"{for_markdown(ladder.dataset)}, {for_markdown(ladder.classifier)}"
        steps = f"{', '.join(map(figures, ladder.values))} {ladder.unit}"
        parts += [
            f"### {place}, {for_markdown(ladder.blur)}",
            f"Top-1 at {for_markdown(ladder.parameter.rpartition('.')[2])} of {steps}; "
            "bold where the predictor was fitted for it.",
            table(ladder.curves, _columns(ladder)),
        ]
    return parts


def _columns(ladder: SeveritySweep) -> list[Column[SweepRow]]:
    steps: list[Column[SweepRow]] = [
        (figures(value), lambda curve, step=step: _at(curve, step))  # type: ignore[misc]
        for step, value in zip(ladder.steps, ladder.values, strict=True)
    ]
    return [
        ("strategy", lambda curve: for_markdown(curve.strategy) + (" (oracle)" if curve.is_oracle else "")),
        ("train blur", lambda curve: for_markdown(curve.train_blur) or NOTHING),
        ("none", lambda curve: percent(curve.clean)),
        *steps,
        ("area", lambda curve: percent(curve.area)),
        (f"half at, {ladder.unit}", lambda curve: half_accuracy(curve.half)),
        ("half at, % of side", lambda curve: _of_side(curve)),
    ]


def _at(curve: SweepRow, step: str) -> str:
    for point in curve.points:
        if point.test_blur == step:
            shown = percent(point.top1.estimate)
            return f"**{shown}**" if point.value == curve.fitted_at else shown
    return NOTHING


def _of_side(curve: SweepRow) -> str:
    if curve.half is None or curve.half.of_side is None:
        return ""
    return ("" if curve.half.reached else ">") + percent(curve.half.of_side)


def corruption_section(standings: Standings) -> list[str]:
    """A table for each data set and classifier that has a reference."""
    parts = ["## Corruption errors"] if standings.corruptions else []
    for one in standings.corruptions:
        parts += [
            f"### {for_markdown(one.dataset)}, {for_markdown(one.classifier)}",
            f"CE in percent: errors as a share of those of {for_markdown(one.reference)}.",
            table(one.rows, _error_columns(one)),
        ]
    return parts


def _error_columns(of: CorruptionTable) -> Sequence[Column[CorruptionErrors]]:
    each: list[Column[CorruptionErrors]] = [
        (for_markdown(corruption.name), lambda row, place=place: whole_percent(row.ce[place]))  # type: ignore[misc]
        for place, corruption in enumerate(of.corruptions)
    ]
    return [
        ("strategy", lambda row: for_markdown(row.strategy) + (" (oracle)" if row.is_oracle else "")),
        ("train blur", lambda row: for_markdown(row.train_blur) or NOTHING),
        ("clean error", lambda row: percent(row.clean_error)),
        ("mCE [95%]", lambda row: percent_in(row.mce_interval) if row.mce_interval else percent(row.mce)),
        ("relative mCE", lambda row: percent(row.relative_mce)),
        *each,
    ]
