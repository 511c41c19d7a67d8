"""A leaderboard as one web page that needs nothing else: no server, no network, the same standings, the same bytes."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup
from numpy.typing import NDArray

from blurbench.board.pareto import MEANING
from blurbench.board.render import formatting
from blurbench.board.render.drawing import merged
from blurbench.board.render.page import charts
from blurbench.board.schema import Ranking, Standings

__all__ = ["Strip", "render", "styled", "template"]


@dataclass(frozen=True)
class Strip:
    """Sample images of one data set and blur: each stage (clean, blurred, restored by ...) holds the same images,
    uint8 (N, C, H, W)."""

    dataset: str
    blur: str
    stages: Mapping[str, NDArray[np.uint8]]


def render(standings: Standings, strips: Sequence[Strip] = ()) -> str:
    """The page. Names are escaped, and the page forbids itself every request and every script but its own."""
    script = _text("page.js")
    return template("page.html.jinja").render(
        standings=standings,
        style=Markup(_text("page.css")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        strips=[replace(strip, stages=merged(strip.stages)) for strip in strips],
        front=MEANING,
        severity=[charts.severity(sweep) for sweep in standings.sweeps],
        pareto=[chart for ranking in standings.rankings if (chart := charts.pareto(ranking))],
    )


def styled(name: str, **values: Any) -> str:
    """A page of another template, in the same style; it has no script."""
    return template(name).render(style=Markup(_text("page.css")), **values)


def template(name: str, autoescape: bool = True) -> Template:
    """One of the templates beside this file."""
    return _environment(autoescape).from_string(_text(name))


@cache
def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


@cache
def _environment(autoescape: bool) -> Environment:
    environment = Environment(
        autoescape=autoescape,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown: dict[str, Any] = {
        name: getattr(formatting, name)
        for name in (
            "change",
            "count",
            "figures",
            "figures_in",
            "gain",
            "megabytes",
            "milliseconds",
            "not_paired",
            "other_pictures",
            "percent",
            "percent_in",
            "seconds",
            "whole_percent",
        )
    }
    environment.filters |= {**shown, "picture": _picture}
    environment.filters |= {"ranks": lambda row: formatting.ranks(row.rank_low, row.rank_high)}
    environment.filters |= {"or_nothing": lambda value: formatting.NOTHING if value in (None, "") else value}
    environment.filters |= {"number": lambda value: "" if value is None else f"{value:.6g}"}
    environment.globals |= {"headed": _headed}
    return environment


def _headed(ranking: Ranking) -> str:
    """What the ranking of a classifier is over."""
    return (
        f"{ranking.blurred_blocks} blurred test{'' if ranking.blurred_blocks == 1 else 's'}, "
        f"{ranking.blocks_with_a_loss} of them with something to recover"
    )


def _picture(images: NDArray[np.uint8]) -> str:
    """Images (N, C, H, W), one under the other, as the address of a PNG inside the page."""
    from PIL import Image

    column = np.concatenate(list(np.pad(images, ((0, 0), (0, 0), (0, 1), (0, 0)))), axis=1)[:, :-1]
    picture = Image.fromarray(column[0] if len(column) == 1 else np.ascontiguousarray(column.transpose(1, 2, 0)))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
