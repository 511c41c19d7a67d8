"""The two tables that open a board: the overall order, and what blur costs the baseline."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from itertools import groupby

from blurbench.board.render.escape import for_markdown, named, one_line
from blurbench.board.render.formatting import (
    NOTHING,
    change,
    gain,
    milliseconds,
    percent,
    points,
    ranks,
    seconds,
    whole_percent,
)
from blurbench.board.render.tables import Column, bullets, grid, table
from blurbench.board.schema import Block, EqualSteps, RankedStrategy, Ranking, Standings, Unseen
from blurbench.errors import counted, listed

__all__ = ["equal_steps_section", "extent", "in_html", "losses", "ranking_section", "shortened", "unseen_section"]


def ranking_section(ranking: Ranking, baseline: str) -> list[str]:
    """The order for one classifier, with what stands apart from it."""
    parts = [f"### {for_markdown(ranking.classifier)}"]
    if not ranking.blurred_blocks:
        return [*parts, f"Nothing to compare: {for_markdown(baseline)} has not been measured under blur."]
    parts += [
        f"Mean gain over {for_markdown(baseline)} in {extent(ranking)}, percentage points.",
        table(ranking.rows, _OVERALL),
    ]
    if ranking.best_of_gap is not None:
        parts.append(
            f"Headroom: {points(ranking.best_of_gap)} for whoever knew the best row of each block. That row is chosen "
            "on test images, so no remedy reaches it."
        )
    if ranking.oracles:
        parts += ["Told the true PSF, so out of competition:", table(ranking.oracles, _OVERALL[1:])]
    if ranking.best_oracle is not None and len(ranking.oracles) > 1:
        parts.append(
            f"The best of these {len(ranking.oracles)} in each block gains {points(ranking.best_oracle)}, chosen on "
            "test images: what the true PSF is worth, as far as they can tell."
        )
    if ranking.incomplete:
        lacks = [
            f"{named(one.strategy, one.train_blur)} lacks {listed([*map(for_markdown, one.cells)], 3, '; ')}"
            for one in ranking.incomplete
        ]
        parts += ["Not measured everywhere, so not ranked:", bullets(lacks)]
    return parts


def unseen_section(standings: Standings) -> list[str]:
    """The rows again, by what they do where they had not met the blur."""
    rankings = [ranking for ranking in standings.rankings if ranking.unseen]
    parts = ["## Unseen blurs"] if rankings else []
    for ranking in rankings:
        parts += [
            f"### {for_markdown(ranking.classifier)}, unseen blurs alone",
            f"Mean gain over {for_markdown(standings.baseline)} where the test blur was not met in training, points.",
            table(ranking.unseen, _UNSEEN),
        ]
    return parts


def equal_steps_section(standings: Standings) -> list[str]:
    """What is left of the gains where the classifier without remedy is fitted for as many steps."""
    rankings = [ranking for ranking in standings.rankings if ranking.at_equal_steps]
    parts = ["## At equal steps"] if rankings else []
    for ranking in rankings:
        told = {one.key for one in ranking.at_equal_steps}
        more = [row for row in ranking.rows if row.key not in told and not row.control and not row.is_baseline]
        parts += [
            f"### {for_markdown(ranking.classifier)}, at equal steps",
            "Mean gain over the control with the fewest optimiser steps that are as many, sharp images alone; points.",
            table(ranking.at_equal_steps, _EQUAL_STEPS),
        ]
        if more:
            parts.append(f"More steps than any control: {', '.join(named(*row.key) for row in more)}.")
    return parts


def extent(ranking: Ranking) -> str:
    """Over how many blocks the means go."""
    return (
        f"{counted(ranking.blurred_blocks, 'blurred block')} ({ranking.blocks_with_a_loss} with something to recover)"
    )


def shortened(ranking: Ranking, most: int) -> str:
    """For a terminal: the first `most` rows without some columns, and how many more rows there are."""
    shown = table(ranking.rows[:most], _short())
    left_out = len(ranking.rows) - most
    notes = [f"{left_out} more"] if left_out > 0 else []
    notes += [f"{len(ranking.oracles)} told the true PSF"] if ranking.oracles else []
    notes += [f"{len(ranking.incomplete)} not measured everywhere"] if ranking.incomplete else []
    return shown + (f"\n({', '.join(notes)})" if notes else "")


def in_html(ranking: Ranking, baseline: str) -> str:
    """For a notebook: the same table with all rows."""
    over = f"{ranking.classifier}: mean gain over {baseline} in {extent(ranking)}, percentage points"
    return f"<p>{escape(one_line(over))}</p>\n{table(ranking.rows, _short(), 'html')}"


def _short() -> list[Column[RankedStrategy]]:
    return [(head, _PLAIN.get(head, cell)) for head, cell in _OVERALL if head not in _LEFT_OUT]


_UNSEEN: list[Column[Unseen]] = [
    ("rank", lambda one: ranks(one.rank_low, one.rank_high)),
    ("strategy", lambda one: for_markdown(one.strategy)),
    ("train blur", lambda one: for_markdown(one.train_blur) or NOTHING),
    ("mean gain [95%]", lambda one: gain(one.gain)),
    ("unseen blocks", lambda one: str(one.blocks)),
]

_EQUAL_STEPS: list[Column[EqualSteps]] = [
    ("strategy", lambda one: for_markdown(one.strategy)),
    ("train blur", lambda one: for_markdown(one.train_blur) or NOTHING),
    ("steps", lambda one: f"{one.steps_ratio:.1f}x"),
    ("against", lambda one: f"{for_markdown(one.against)} ({one.against_ratio:.1f}x)"),
    ("mean gain [95%]", lambda one: gain(one.gain)),
]

_OVERALL: list[Column[RankedStrategy]] = [
    ("rank", lambda one: ranks(one.rank_low, one.rank_high)),
    ("strategy", lambda one: for_markdown(one.strategy)),
    ("train blur", lambda one: for_markdown(one.train_blur) or NOTHING),
    ("mean gain [95%]", lambda one: "baseline" if one.is_baseline else gain(one.gain)),
    ("seen", lambda one: change(one.gain_seen)),
    ("unseen", lambda one: change(one.gain_unseen)),
    ("clean", lambda one: change(one.clean_change)),
    ("recovered %", lambda one: whole_percent(one.recovered)),
    ("fit s", lambda one: seconds(one.fit_seconds)),
    ("steps", lambda one: "" if one.steps_ratio is None else f"{one.steps_ratio:.1f}x"),
    ("added ms (1)", lambda one: NOTHING if one.is_baseline else milliseconds(one.added_batch_1_ms, "+")),
    ("front", lambda one: "yes" if one.on_front else ""),
    ("flags", lambda one: ", ".join(one.flags)),
]


_PLAIN: dict[str, Callable[[RankedStrategy], str]] = {
    "strategy": lambda one: one_line(one.strategy),
    "train blur": lambda one: one_line(one.train_blur) or NOTHING,
}
"""Where no sign means anything."""

_LEFT_OUT = ("recovered %", "steps", "flags")
"""Columns that the short table does without, so that it fits a wide terminal."""


def losses(standings: Standings, show: Callable[[str], str] = for_markdown) -> str:
    """What blur costs the baseline: a row for each data set and classifier, a column for each test blur; names are
    shown by `show`."""
    blurs = [name for name in standings.test_blurs if any(block.test_blur == name for block in standings.blocks)]
    header = ["data set", "classifier", *map(show, blurs)]
    rows = []
    for (dataset, classifier), blocks in groupby(standings.blocks, lambda block: (block.dataset, block.classifier)):
        by_blur = {block.test_blur: block for block in blocks}
        rows.append([show(dataset), show(classifier), *(_loss(by_blur.get(name)) for name in blurs)])
    return grid(header, rows)


def _loss(block: Block | None) -> str:
    """`80.3 (-11.9)`: what is left, and how much was lost."""
    if block is None or block.baseline is None:
        return NOTHING
    lost = f" ({change(-block.loss)})" if block.loss else ""
    return percent(block.baseline.estimate) + lost
