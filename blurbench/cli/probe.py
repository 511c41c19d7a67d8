"""`blurbench probe`: how blurred are my own pictures?"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.board.render.escape import one_line
from blurbench.cli import options
from blurbench.errors import BlurbenchError
from blurbench.store.written import check_replaceable, write_all

if TYPE_CHECKING:
    from blurbench.own.probing import Row
    from blurbench.running.probe_summary import Summary

__all__ = ["probe"]

FEWEST_FOR_SUMMARY = 2
HISTOGRAM = "sigma-histogram.png"
LONGEST_PATH = 4096
OPEN_END = 3.0
"""Of the colours of a map, where an estimator answers without a limit."""

NOTE = """\
sigma: the Gaussian, in pixels of the file, that would make an ideally sharp picture as blurred as the sharper part of
this one. Sharp photographs themselves read up to about 0.7; an enlarged picture reads as blurred,
a lens far out of focus (a wide disc, no Gaussian) too sharp. In brackets: of a picture that shows motion or stripes,
which no Gaussian describes."""

SIDE_NOTE = """\
at {side} px: the same of the central square reduced to {side} pixels, as a suite sees it with side={side}; it counts
those larger pixels, so the two differ, and a blur of a suite adds to this one."""


@options.with_plugins
def probe(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Pictures, folders of them, or globs.")],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
    draw_map: Annotated[bool, typer.Option("--map", help="Draw a map of sigma for each picture into --out.")] = False,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the maps.")] = Path("sigma-maps"),
    window: Annotated[
        int | None, typer.Option(help="Side of the windows in pixels, 32 to 4096 for spectral [the estimator's, 32].")
    ] = None,
    stride: Annotated[
        int | None, typer.Option(min=1, max=4096, help="Pixels from window to window [16; 8 with --map].")
    ] = None,
    side: Annotated[
        int | None,
        typer.Option(min=32, max=4096, help="Read it also as a suite with this side sees it: central square, reduced."),
    ] = None,
    estimator: Annotated[
        str, typer.Option(help="What reads sigma: one that needs no fitting; see `blurbench ls estimators`.")
    ] = "spectral",
) -> None:
    """How blurred are my pictures? Sigma of a Gaussian in pixels, and whether to trust it."""
    from blurbench.imaging.files import find_pictures
    from blurbench.own.probing import COARSER_STRIDE, FINER_STRIDE, answers, files, reader_of

    found = find_pictures(paths)
    reader = reader_of(estimator, window)
    steps = stride or (FINER_STRIDE if draw_map else COARSER_STRIDE)
    rows: list[Row] = []
    refused: list[tuple[Path, BlurbenchError]] = []
    places = _map_places(found.pictures, out)
    check_replaceable([*places.values(), out / HISTOGRAM] if draw_map else [])
    width = max(len(_shown(path)) for path in found.pictures)
    for path, answer in answers(files(found.pictures), reader, estimator, steps, side):
        if isinstance(answer, BlurbenchError):
            refused.append((path, answer))
            continue
        row = replace(answer, map=_drawn(answer, places[path])) if draw_map else answer
        if not as_json:
            if not rows:
                typer.echo(_heading(width, side))
            typer.echo(_line(row, width))
        rows.append(row)
    if len(found.pictures) == 1 and refused:
        raise refused[0][1]
    many = _summary(rows, len(refused)) if len(found.pictures) >= FEWEST_FOR_SUMMARY and rows else None
    histogram = _histogram(many, out) if many is not None and draw_map else None
    if as_json:
        _say_json(estimator, rows, refused, found.others, many, histogram)
    else:
        _say_rest(rows, found.others, many, histogram, side)
    for _, error in refused:
        typer.echo(f"blurbench: {one_line(str(error), LONGEST_PATH)}", err=True)
    if refused:
        raise typer.Exit(1 if rows else 2)


def _heading(width: int, side: int | None) -> str:
    more = "" if side is None else f"  {f'at {side} px':>10}"
    return f"{'file':{width}}  {'pixels':>11}  {'sigma':>6}{more}  remarks"


def _line(row: Row, width: int) -> str:
    size = f"{row.picture.width}x{row.picture.height}"
    more = "" if row.at_side is None else f"  {row.sigma_at_side:>10}"
    return f"{_shown(row.path):{width}}  {size:>11}  {row.sigma:>6}{more}  {'; '.join(row.hints)}".rstrip()


def _summary(rows: list[Row], refused: int) -> Summary:
    from blurbench.running.probe_summary import summary

    sigmas, moved = [row.reading.sigma for row in rows], [row.moved for row in rows]
    return summary(sigmas, moved, refused, rows[0].limits[1])


def _histogram(found: Summary, out: Path) -> Path:
    from blurbench.own.sigma_picture import histogram_of

    return write_all(out, {HISTOGRAM: histogram_of(found)})[0]


def _shown(path: Path) -> str:
    """A path as it is, unless there is something in it that no terminal should be sent."""
    return str(path) if str(path).isprintable() else one_line(str(path), LONGEST_PATH)


def _map_places(paths: tuple[Path, ...], out: Path) -> dict[Path, Path]:
    """Where the map of each picture goes; files of one name in several folders are numbered."""
    seen: Counter[str] = Counter()
    places = {}
    for path in paths:
        name = path.name.replace(".", "-")
        seen[name] += 1
        places[path] = out / f"{name}{'' if seen[name] == 1 else f'-{seen[name]}'}.sigma.png"
    return places


def _drawn(row: Row, place: Path) -> Path:
    from blurbench.own.sigma_picture import drawing_of

    most = row.limits[1] if math.isfinite(row.limits[1]) else OPEN_END
    drawing = drawing_of(row.reading, f"{_shown(Path(row.path.name))}: sigma {row.sigma} px", most)
    return write_all(place.parent, {place.name: drawing})[0]


def _say_json(
    estimator: str,
    rows: list[Row],
    refused: list[tuple[Path, BlurbenchError]],
    others: tuple[Path, ...],
    many: Summary | None,
    histogram: Path | None,
) -> None:
    answer = {
        "estimator": estimator,
        "pictures": [row.facts() for row in rows],
        "refused": [{"file": str(path), "reason": str(error)} for path, error in refused],
        "skipped": [str(path) for path in others],
        "summary": None if many is None else many.facts(),
        "histogram": None if histogram is None else str(histogram),
    }
    typer.echo(json.dumps(answer, indent=2))


def _say_rest(
    rows: list[Row], others: tuple[Path, ...], many: Summary | None, histogram: Path | None, side: int | None
) -> None:
    if others:
        names = ", ".join(_shown(Path(path.name)) for path in others[:5]) + (", ..." if len(others) > 5 else "")
        typer.echo(f"skipped, no pictures by their names: {names} ({len(others)})")
    for row in rows:
        if row.map is not None:
            typer.echo(f"map: {_shown(row.map)}")
    if many is not None:
        typer.echo("\n" + "\n".join(many.lines()))
    if histogram is not None:
        typer.echo(f"histogram: {_shown(histogram)}")
    if rows:
        typer.echo(f"\n{NOTE}")
    if rows and side is not None:
        typer.echo(SIDE_NOTE.format(side=side))
