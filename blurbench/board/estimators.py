"""The board of an estimation suite: how far each estimator's maps of sigma are from the truth."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import fmean
from typing import TypeAlias

from blurbench.board.render.escape import for_markdown, for_spreadsheet
from blurbench.board.render.tables import bullets, grid, table
from blurbench.results.estimation import Board, Estimation, Measured, Row

__all__ = ["BlockKey", "Line", "csv_rows", "facts", "json_text", "lines_of", "markdown", "places", "summary"]

BlockKey: TypeAlias = tuple[str, str]
"""Pictures and blur."""


@dataclass(frozen=True)
class Line:
    """A row of the board with its record."""

    row: Row
    record: Estimation

    @property
    def measured(self) -> Measured | None:
        return self.record.measured

    @property
    def title(self) -> str:
        """What was fitted on what."""
        if not self.row.fitted_on:
            return self.row.estimator
        return f"{self.row.estimator} on {self.row.fitted_on}" + (", patch split" if self.row.split == "patch" else "")

    @property
    def sigma(self) -> float | None:
        """The one sigma of a uniform blur."""
        return self.record.sigma


def lines_of(board: Board, records: Mapping[str, Estimation]) -> list[Line]:
    """The rows that have a record, in the board's order."""
    return [Line(row, records[row.key]) for row in board.lines if row.key in records]


def places(lines: Sequence[Line]) -> dict[BlockKey, list[Line]]:
    """Lines by pictures and blur, each place's best first."""
    found: dict[BlockKey, list[Line]] = {}
    for line in lines:
        if line.measured is not None:
            found.setdefault((line.row.tested_on, line.row.blur), []).append(line)
    for members in found.values():
        members.sort(key=lambda line: line.measured.raw.mse if line.measured else 0.0)
    return found


# --- markdown ------------------------------------------------------------------------------------------------------


def markdown(board: Board, lines: Sequence[Line], pictures: Mapping[BlockKey, str]) -> str:
    """The whole board; `pictures` holds the file of each place that has one."""
    return "\n\n".join(_parts(board, lines, pictures)) + "\n"


def _parts(board: Board, lines: Sequence[Line], pictures: Mapping[BlockKey, str]) -> Iterator[str]:
    yield f"# {for_markdown(board.title)}"
    values = ", ".join(f"{name} {value}" for name, value in board.budget_values.items() if value is not None)
    budget = for_markdown(f"{board.budget} ({values})")
    yield f"Suite {board.suite} version {board.suite_version}, budget {budget}."
    yield bullets(
        [
            "Errors are in pixels of sigma, over windows of 32x32 pixels; a window's truth is the sigma at its centre.",
            "*smoothed*: after a moving average along the direction in which sigma changes.",
            "*textured*: over windows that had something in them before the blur (standard deviation of 10 of 255 "
            "at least); *flat* is the share of the others, and *flat bias* what is read there too much.",
            "*steps alone*: a perfect estimator that can only give this one's answers. *the mean*: the best answer "
            "that is the same everywhere.",
            "*patch split*: fitted on patches of all pictures, those of the test included, as in Patro 2017; the other "
            "rows never met a test picture.",
        ]
    )
    for (tested_on, blur), members in places(lines).items():
        if all(line.sigma is None for line in members):
            yield f"## {for_markdown(tested_on)}, {for_markdown(blur)}"
            yield _table(members)
            if (tested_on, blur) in pictures:
                yield f"![true and estimated sigma]({pictures[tested_on, blur]})"
    yield from _uniform(lines)
    if missing := sorted({f"{line.row.estimator}: {line.record.reason}" for line in lines if line.measured is None}):
        yield "## Not measured"
        yield bullets(map(for_markdown, missing))
    yield "## To repeat it"
    yield "\n".join(f"    {command}" for command in board.commands)


def summary(lines: Sequence[Line]) -> str:
    """What a run prints: RMSE in pixels of sigma, mean over seeds, a row for each estimator, a column for each place
    where sigma varies, or for all places where it varies in none."""
    measured = [line for line in lines if line.measured is not None]
    shown = places([line for line in measured if line.sigma is None] or measured)
    errors: dict[tuple[str, BlockKey], list[float]] = {}
    for place, members in shown.items():
        for line in members:
            assert line.measured is not None
            errors.setdefault((line.title, place), []).append(line.measured.raw.rmse)
    cells = {at: f"{fmean(values):.2f}" for at, values in errors.items()}
    heads = [for_markdown(f"{tested_on}, {blur}") for tested_on, blur in shown]
    titles = dict.fromkeys(title for title, _ in cells)
    rows = [[for_markdown(title), *(cells.get((title, place), "") for place in shown)] for title in titles]
    return f"RMSE of sigma in pixels, over windows of the pictures\n\n{grid(['estimator', *heads], rows)}"


def _table(members: Sequence[Line]) -> str:
    def of(what: Callable[[Measured], float | None], shown: str = ".4f") -> Callable[[Line], str]:
        def cell(line: Line) -> str:
            assert line.measured is not None
            value = what(line.measured)
            return "" if value is None else f"{value:{shown}}"

        return cell

    first = members[0].measured
    assert first is not None
    counted = f"{first.pictures} pictures, {first.readings:,} windows every {first.stride} pixels"
    rows = table(
        members,
        [
            ("estimator", lambda line: for_markdown(line.title)),
            ("MSE", of(lambda m: m.raw.mse)),
            ("RMSE", of(lambda m: m.raw.rmse, ".3f")),
            ("smoothed MSE", of(lambda m: m.smoothed.mse)),
            ("RMSE smoothed", of(lambda m: m.smoothed.rmse, ".3f")),
            ("bias", of(lambda m: m.raw.bias, "+.3f")),
            ("textured RMSE", of(lambda m: None if m.textured_mse is None else m.textured_mse**0.5, ".3f")),
            ("flat", of(lambda m: m.flat_share, ".0%")),
            ("flat bias", of(lambda m: m.flat_bias, "+.3f")),
            ("steps alone, MSE", of(lambda m: m.oracle_mse, ".5f")),
            ("the mean, MSE", of(lambda m: m.mean_answer_mse)),
            ("s a picture", lambda line: _seconds(line)),
        ],
    )
    return f"{counted}.\n\n{rows}"


def _seconds(line: Line) -> str:
    if line.record.seconds is None or line.measured is None:
        return ""
    return f"{line.record.seconds / line.measured.pictures:.2f}"


def _uniform(lines: Sequence[Line]) -> Iterator[str]:
    """One table for each collection: bias and RMSE where sigma is the same everywhere."""
    members = [line for line in lines if line.sigma is not None and line.measured is not None]
    for tested_on in dict.fromkeys(line.row.tested_on for line in members):
        here = [line for line in members if line.row.tested_on == tested_on]
        sigmas = sorted({line.sigma for line in here if line.sigma is not None})
        cells = {(line.title, line.sigma): _bias_and_rmse(line) for line in here}
        titles = dict.fromkeys(line.title for line in here)
        yield f"## {for_markdown(tested_on)}, one sigma everywhere"
        yield "Bias and RMSE over windows that do not overlap."
        yield grid(
            ["estimator", *(f"sigma {sigma:g}" for sigma in sigmas)],
            [[for_markdown(title), *(cells.get((title, sigma), "") for sigma in sigmas)] for title in titles],
        )


def _bias_and_rmse(line: Line) -> str:
    assert line.measured is not None
    return f"{line.measured.raw.bias:+.2f}, {line.measured.raw.rmse:.2f}"


# --- csv -----------------------------------------------------------------------------------------------------------

_COLUMNS = {
    **{name: f"row.{name}" for name in ("tested_on", "blur", "estimator", "fitted_on", "split", "seed")},
    **{name: f"measured.{name}" for name in ("pictures", "readings", "stride")},
    **{name: f"measured.raw.{name}" for name in ("mse", "rmse", "bias")},
    **{f"smoothed_{name}": f"measured.smoothed.{name}" for name in ("mse", "rmse")},
    **{name: f"measured.{name}" for name in ("accuracy", "textured_mse", "flat_share", "flat_bias")},
    **{name: f"measured.{name}" for name in ("oracle_mse", "mean_answer_mse")},
    **{name: f"record.{name}" for name in ("fit_seconds", "seconds", "parameters", "key")},
}
"""What the CSV and the JSON say of a measured cell, and where a `Line` has it."""


def _columns(line: Line) -> dict[str, object]:
    return {name: attrgetter(place)(line) for name, place in _COLUMNS.items()}


def csv_rows(lines: Sequence[Line]) -> str:
    """One line a measured cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for line in lines:
        if line.measured is not None:
            values = _columns(line).values()
            writer.writerow([for_spreadsheet(value) if isinstance(value, str) else _plain(value) for value in values])
    return text.getvalue()


# --- json ----------------------------------------------------------------------------------------------------------


def json_text(board: Board, lines: Sequence[Line]) -> str:
    """The heading of a board, and what the CSV holds of each measured cell, unrounded."""
    heading = board.model_dump(mode="json", exclude={"lines", "schema_version"})
    cells = [_columns(line) for line in lines if line.measured]
    return json.dumps({"kind": "estimation", **heading, "cells": cells}, indent=1) + "\n"


def facts(text: bytes) -> str:
    """What a board was measured on, of what `json_text` wrote; empty for any other JSON."""
    try:
        content = json.loads(text)
        if content["kind"] != "estimation":
            return ""
        pictures = {cell["tested_on"]: cell["pictures"] for cell in content["cells"]}
        estimators = len({cell["estimator"] for cell in content["cells"]})
        collections = ", ".join(f"{name} ({count} pictures)" for name, count in pictures.items())
        edition = f"suite {content['suite']} version {content['suite_version']}, budget {content['budget']}"
        return f"{edition}; {estimators} estimator{'s' * (estimators != 1)}; {collections}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""


def _plain(value: object) -> object:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else value
