"""The board of a suite of estimators, how far their maps of sigma are from the truth: markdown, CSV, JSON, summary."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, TypeAlias

from blurbench.board.outcomes import Estimate, Estimates
from blurbench.board.render.escape import for_markdown, for_spreadsheet, one_line
from blurbench.board.render.tables import bullets, grid, table
from blurbench.errors import counted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Place", "by_place", "facts", "frame", "markdown", "summary", "to_csv", "to_json"]

Place: TypeAlias = tuple[str, str]
"""Pictures and blur."""


def by_place(cells: Sequence[Estimate]) -> dict[Place, list[Estimate]]:
    """What was measured by pictures and blur, each place's best first."""
    places: dict[Place, list[Estimate]] = {}
    for cell in cells:
        if cell.values:
            places.setdefault(cell.place, []).append(cell)
    for members in places.values():
        members.sort(key=lambda cell: cell.values["mse"] or 0.0)
    return places


# --- markdown ------------------------------------------------------------------------------------------------------


def markdown(board: Estimates, pictures: Mapping[Place, str]) -> str:
    """The whole board; `pictures` holds the file of each place that has one."""
    return "\n\n".join(_parts(board, pictures)) + "\n"


def _parts(board: Estimates, pictures: Mapping[Place, str]) -> Iterator[str]:
    heading = board.heading
    yield f"# {for_markdown(heading['title'])}"
    values = ", ".join(f"{name} {value}" for name, value in heading["budget_values"].items() if value is not None)
    budget = for_markdown(f"{heading['budget']} ({values})")
    yield f"Suite {heading['suite']} version {heading['suite_version']}, budget {budget}."
    if unchecked := heading["unchecked"]:
        yield f"Merged from others and not checked, as their pictures are not here: {counted(unchecked, 'cell')}."
    yield bullets(_words(board.measured))
    for place, members in by_place(board.cells).items():
        if all(cell.sigma is None for cell in members):
            yield f"## {', '.join(map(for_markdown, place))}"
            yield f"{_counted(members)}.\n\n{_table(members)}"
            if place in pictures:
                yield f"![true and estimated sigma]({pictures[place]})"
    yield from _uniform(board.measured)
    if missing := sorted({f"{cell.labels['estimator']}: {cell.reason}" for cell in board.cells if not cell.values}):
        yield "## Not measured"
        yield bullets(map(for_markdown, missing))
    yield "## To repeat it"
    yield "\n".join(f"    {one_line(command, 4000)}" for command in heading["commands"])


def _words(cells: Sequence[Estimate]) -> list[str]:
    sides = sorted({cell.window for cell in cells if cell.window is not None})
    windows = " or ".join(f"{side}x{side}" for side in sides)
    over = f"windows of {windows} pixels" if windows else "windows"
    return [
        f"Errors are in pixels of sigma, over {over}; a window's truth is the sigma at its centre.",
        "*smoothed*: after a moving average along the direction in which sigma changes.",
        "*textured*: over windows that had something in them before the blur (standard deviation of 10 of 255 "
        "at least); *flat* is the share of the others, and *flat bias* what is read there too much.",
        "*steps alone*: a perfect estimator that can only give this one's answers. *the mean*: the best answer "
        "that is the same everywhere.",
        "*patch split*: fitted on patches of all pictures, those of the test included, as in Patro 2017; the other "
        "rows never met a test picture.",
    ]


def _counted(members: Sequence[Estimate]) -> str:
    """Of all rows: they differ where their windows do."""

    def span(name: str, shown: str = "d") -> str:
        counts = sorted({int(cell.values[name] or 0) for cell in members})
        return " to ".join(f"{count:{shown}}" for count in dict.fromkeys((counts[0], counts[-1])))

    return f"{span('pictures')} pictures, {span('readings', ',')} windows every {span('stride')} pixels"


def summary(board: Estimates) -> str:
    """What a run prints: RMSE in pixels of sigma, mean over seeds, a row for each estimator, a column for each place
    where sigma varies, or for all places where it varies in none."""
    measured = board.measured
    shown = by_place([cell for cell in measured if cell.sigma is None] or measured)
    errors: dict[tuple[str, Place], list[float]] = {}
    for place, members in shown.items():
        for cell in members:
            errors.setdefault((cell.title, place), []).append(cell.values["rmse"] or 0.0)
    titles = dict.fromkeys(title for title, _ in errors)
    rows = [
        [one_line(title), *(f"{fmean(of):.2f}" if (of := errors.get((title, place))) else "" for place in shown)]
        for title in titles
    ]
    heads = [one_line(", ".join(place)) for place in shown]
    return f"RMSE of sigma in pixels, over windows of the pictures\n\n{grid(['estimator', *heads], rows)}"


def _table(members: Sequence[Estimate]) -> str:
    def of(name: str, shown: str = ".4f") -> Callable[[Estimate], str]:
        return lambda cell: "" if (value := cell.values[name]) is None else f"{value:{shown}}"

    return table(
        members,
        [
            ("estimator", lambda cell: for_markdown(cell.title)),
            ("MSE", of("mse")),
            ("RMSE", of("rmse", ".3f")),
            ("smoothed MSE", of("smoothed_mse")),
            ("RMSE smoothed", of("smoothed_rmse", ".3f")),
            ("bias", of("bias", "+.3f")),
            ("textured RMSE", lambda cell: "" if (mse := cell.values["textured_mse"]) is None else f"{mse**0.5:.3f}"),
            ("flat", of("flat_share", ".0%")),
            ("flat bias", of("flat_bias", "+.3f")),
            ("steps alone, MSE", of("oracle_mse", ".5f")),
            ("the mean, MSE", of("mean_answer_mse")),
            ("s a picture", lambda cell: _seconds(cell.values["seconds"], cell.values["pictures"])),
        ],
    )


def _seconds(seconds: float | None, pictures: float | None) -> str:
    return "" if seconds is None or not pictures else f"{seconds / pictures:.2f}"


def _uniform(measured: Sequence[Estimate]) -> Iterator[str]:
    """One table for each collection: bias and RMSE where sigma is the same everywhere."""
    uniform = [cell for cell in measured if cell.sigma is not None]
    for dataset in dict.fromkeys(cell.labels["dataset"] for cell in uniform):
        members = [cell for cell in uniform if cell.labels["dataset"] == dataset]
        sigmas = sorted({cell.sigma for cell in members if cell.sigma is not None})
        shown = {(cell.title, cell.sigma): f"{cell.values['bias']:+.2f}, {cell.values['rmse']:.2f}" for cell in members}
        titles = dict.fromkeys(cell.title for cell in members)
        yield f"## {for_markdown(dataset)}, one sigma everywhere"
        yield "Bias and RMSE over windows that do not overlap."
        yield grid(
            ["estimator", *(f"sigma {sigma:g}" for sigma in sigmas)],
            [[for_markdown(title), *(shown.get((title, sigma), "") for sigma in sigmas)] for title in titles],
        )


# --- data ----------------------------------------------------------------------------------------------------------


def _columns(cell: Estimate) -> dict[str, object]:
    return {**cell.labels, **cell.values, "key": cell.key}


def frame(board: Estimates) -> pd.DataFrame:
    """A row a measured cell."""
    import pandas as pd

    return pd.DataFrame([_columns(cell) for cell in board.measured], dtype=object)


def to_csv(board: Estimates) -> str:
    """One line a measured cell."""
    text: str = frame(board).map(_plain).to_csv(index=False, lineterminator="\n")
    return text


def _plain(value: object) -> object:
    if isinstance(value, str):
        return for_spreadsheet(value)
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else value


def to_json(board: Estimates) -> str:
    """The heading of a board, and what the CSV holds of each measured cell, unrounded."""
    cells = [_columns(cell) for cell in board.measured]
    return json.dumps({**board.heading, "cells": cells}, indent=1) + "\n"


def facts(text: bytes) -> str:
    """What a board was measured on, of what `to_json` wrote; empty for any other JSON."""
    try:
        content = json.loads(text)
        if content["measure"] != "blur-estimation":
            return ""
        pictures = {cell["dataset"]: cell["pictures"] for cell in content["cells"]}
        estimators = len({cell["estimator"] for cell in content["cells"]})
        collections = ", ".join(f"{name} ({count} pictures)" for name, count in pictures.items())
        edition = f"suite {content['suite']} version {content['suite_version']}, budget {content['budget']}"
        return f"{edition}; {counted(estimators, 'estimator')}; {collections}"
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
