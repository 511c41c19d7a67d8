"""`blurbench probe`: how blurred are my own pictures?"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blurbench.board.render.escape import one_line
from blurbench.cli import options
from blurbench.errors import BlurbenchError, PluginError, UsageError, shortened
from blurbench.store.written import check_replaceable, write_all

if TYPE_CHECKING:
    from blurbench.contract import Estimator
    from blurbench.imaging.files import Picture
    from blurbench.running.probe_summary import Summary
    from blurbench.running.probing import Reading

__all__ = ["probe"]

SHARPEST = 0.3
"""A Gaussian of less than this leaves 98 per cent of the light in its pixel, so that nobody can tell it from none."""
NEAR_LIMIT = 0.05
FEW_WINDOWS = 10
MUCH_NOISE = 3.0
LOW_QUALITY = 60
"""What the shipped estimators were fitted to ends here."""
WIDE_SPREAD = 1.5
FINER_STRIDE, COARSER_STRIDE = 8, 16
DARK = 32.0
"""Of 255: a picture that ends below it, but is not even, was not stored over the full range."""
LITTLE_CONTRAST = 0.15
"""Of the full range: below it the steps of 8 bits are as large as what there is to read."""
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


@dataclass(frozen=True)
class Row:
    """One picture of the answer."""

    path: Path
    picture: Picture
    reading: Reading
    limits: tuple[float, float]
    map: Path | None = None
    at_side: Reading | None = None
    """Of the picture reduced as a suite reduces it; None where not asked for."""

    @property
    def sigma(self) -> str:
        shown = _sigma(self.reading.sigma, self.limits)
        return f"({shown})" if self.directed and self.reading.sigma is not None else shown

    @property
    def sigma_at_side(self) -> str:
        return "" if self.at_side is None else _sigma(self.at_side.sigma, self.limits)

    @property
    def moved(self) -> bool:
        """Whether the length of a motion was read."""
        return self.reading.motion is not None and self.reading.motion.length is not None

    @property
    def directed(self) -> bool:
        """Whether it is blurred, or striped, so much more in one direction than in others that no sigma says it."""
        from blurbench.running.motion import STRIPES

        return self.moved or (self.reading.motion is not None and self.reading.motion.directed > STRIPES)

    @property
    def at_limit(self) -> bool:
        return _at_limit(self.reading.sigma, self.limits)

    @property
    def hints(self) -> tuple[str, ...]:
        return tuple(_hints(self.picture, self.reading))

    def facts(self) -> dict[str, Any]:
        reading, picture = self.reading, self.picture
        low, high = reading.spread or (None, None)
        return {
            "file": str(self.path),
            "width": picture.width,
            "height": picture.height,
            "format": picture.format,
            "mode": picture.mode,
            "sigma_px": _rounded(reading.sigma),
            "at_limit": self.at_limit,
            "motion_px": _rounded(reading.motion.length) if reading.motion else None,
            "motion_degrees": _rounded(reading.motion.angle) if reading.motion else None,
            "directed": _rounded(reading.motion.directed) if reading.motion else None,
            "contrast": _rounded(reading.view.span) if math.isfinite(reading.view.span) else None,
            "frame": {**vars(reading.view.frame)},
            "sigma_p10": _rounded(low),
            "sigma_p90": _rounded(high),
            "windows": int(reading.sigmas.size),
            "windows_read": reading.textured,
            "window": reading.window,
            "stride": reading.stride,
            "noise_255": _rounded(reading.noise),
            "jpeg_quality": picture.jpeg_quality,
            "hints": list(self.hints),
            "map": None if self.map is None else str(self.map),
            **({} if self.at_side is None else self._facts_at_side(self.at_side)),
        }

    def _facts_at_side(self, reading: Reading) -> dict[str, Any]:
        sigma = reading.sigma
        limit = _at_limit(sigma, self.limits)
        return {"side": reading.view.picture.width, "side_sigma_px": _rounded(sigma), "side_at_limit": limit}


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

    found = find_pictures(paths)
    reader = _reader(estimator, window)
    steps = stride or (FINER_STRIDE if draw_map else COARSER_STRIDE)
    rows: list[Row] = []
    refused: list[tuple[Path, BlurbenchError]] = []
    places = _map_places(found.pictures, out)
    check_replaceable([*places.values(), out / HISTOGRAM] if draw_map else [])
    width = max(len(_shown(path)) for path in found.pictures)
    for path, answer in _answers(found.pictures, reader, estimator, steps, side):
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


def _reader(request: str, window: int | None) -> Estimator:
    from blurbench.registry import parse
    from blurbench.registry.discovery import discover

    table = parse(request) if window is None else {**parse(request), "window": window}
    estimator: Estimator = discover().resolve("estimators", table)
    if estimator.trainable:
        raise UsageError(f"--estimator {request}: it has to be fitted first; take one that has not, such as spectral")
    return estimator


def _answers(
    paths: tuple[Path, ...], estimator: Estimator, request: str, stride: int, side: int | None
) -> Iterator[tuple[Path, Row | BlurbenchError]]:
    from blurbench.imaging.files import central_square, open_picture

    if side is not None and side < estimator.window:
        raise UsageError(f"--side {side}: the estimator needs windows of {estimator.window} pixels")
    least = estimator.window
    for path in paths:
        try:
            picture = open_picture(path)
            if min(picture.width, picture.height) < least:
                raise UsageError(
                    f"{path}: {picture.width}x{picture.height} pixels, at least {least}x{least} are needed"
                )
            row = _read(path, picture, estimator, request, stride)
            if side is not None:
                reduced = _read(path, central_square(picture, side), estimator, request, stride)
                row = replace(row, at_side=reduced.reading)
            yield path, row
        except BlurbenchError as error:
            yield path, error


def _read(path: Path, picture: Picture, estimator: Estimator, request: str, stride: int) -> Row:
    from blurbench.running.probing import probe as read

    try:
        return Row(path, picture, read(picture, estimator, stride), estimator.limits)
    except BlurbenchError as error:
        raise PluginError(f"{path}: {error}") from None
    except Exception as error:  # whatever a stranger's estimator raises
        reason = f"{type(error).__name__}: {shortened(str(error))}"
        raise PluginError(f"{path}: --estimator {request} failed: {reason}") from None


def _hints(picture: Picture, reading: Reading) -> Iterator[str]:
    if reading.textured < FEW_WINDOWS and reading.darkest < reading.brightest < DARK:
        yield f"dark: values only reach {reading.brightest:.0f}/255; stretch them to the full range first"
    elif reading.sigma is None:
        what = "flat or transparent" if picture.image.mode in ("LA", "RGBA") else "flat"
        yield f"{what}: there is nothing in it to read blur from"
    elif reading.textured < FEW_WINDOWS:
        yield f"unsure: only {reading.textured} of {reading.sigmas.size} windows have texture"
    yield from _motion_hints(reading)
    yield from _view_hints(picture, reading)
    if reading.spread and reading.spread[1] - reading.spread[0] > WIDE_SPREAD:
        yield f"varies: {reading.spread[0]:.1f} to {reading.spread[1]:.1f}"
    if reading.noise > MUCH_NOISE:
        yield f"unsure: noise, or texture as fine as noise, of {reading.noise:.0f}/255"
    if picture.jpeg_quality is not None and picture.jpeg_quality < LOW_QUALITY:
        yield f"unsure: JPEG of quality {picture.jpeg_quality}, whose blocks look sharp"
    if picture.mode in ("1", "P", "PA"):
        yield "unsure: few tones, and dots for those between (dither) look sharp"
    if picture.frames > 1:
        yield f"first of {picture.frames} frames"


def _motion_hints(reading: Reading) -> Iterator[str]:
    from blurbench.running.motion import STRIPES

    motion = reading.motion
    if motion is None:
        return
    if motion.length is not None:
        yield f"motion of {motion.length:.0f} px at {motion.angle:.0f} degrees, or strokes or stripes as wide as that"
    elif motion.directed > STRIPES:
        yield "motion, or stripes: much finer in one direction than in others"


def _view_hints(picture: Picture, reading: Reading) -> Iterator[str]:
    frame, span = reading.view.frame, reading.view.span
    if frame:
        sides = ", ".join(f"{depth} {name}" for name, depth in vars(frame).items() if depth)
        yield f"frame left out (pixels: {sides})"
    if reading.sigma is not None and span < LITTLE_CONTRAST and not picture.mode.startswith("I"):
        yield f"unsure: contrast of {100 * span:.0f}%, the steps of 8 bits look like detail"


def _heading(width: int, side: int | None) -> str:
    more = "" if side is None else f"  {f'at {side} px':>10}"
    return f"{'file':{width}}  {'pixels':>11}  {'sigma':>6}{more}  remarks"


def _line(row: Row, width: int) -> str:
    size = f"{row.picture.width}x{row.picture.height}"
    more = "" if row.at_side is None else f"  {row.sigma_at_side:>10}"
    return f"{_shown(row.path):{width}}  {size:>11}  {row.sigma:>6}{more}  {'; '.join(row.hints)}".rstrip()


def _sigma(sigma: float | None, limits: tuple[float, float]) -> str:
    if sigma is None:
        return "-"
    if _at_limit(sigma, limits):
        return f">= {limits[1]:.1f}"
    return f"<= {SHARPEST}" if sigma < SHARPEST else f"{sigma:.2f}"


def _at_limit(sigma: float | None, limits: tuple[float, float]) -> bool:
    return sigma is not None and sigma >= limits[1] - NEAR_LIMIT


def _summary(rows: list[Row], refused: int) -> Summary:
    from blurbench.running.probe_summary import summary

    sigmas, moved = [row.reading.sigma for row in rows], [row.moved for row in rows]
    return summary(sigmas, moved, refused, rows[0].limits[1])


def _histogram(found: Summary, out: Path) -> Path:
    from blurbench.running.probe_summary import histogram_of

    return write_all(out, {HISTOGRAM: histogram_of(found)})[0]


def _shown(path: Path) -> str:
    """A path as it is, unless there is something in it that no terminal should be sent."""
    return str(path) if str(path).isprintable() else one_line(str(path), LONGEST_PATH)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


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
    from blurbench.running.sigma_picture import drawing_of

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
