"""The rankings of a board as LaTeX tables, for papers: `\\input` the file; packages booktabs and longtable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from blurbench.board.render import formatting
from blurbench.board.render.escape import one_line
from blurbench.board.schema import UNSTEADY, RankedStrategy, Ranking, Standings
from blurbench.errors import counted

__all__ = ["render"]

_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{sign: "\\" + sign for sign in "&%$#_{}"},
    "[": "{[}",  # after \\ it would start an option
    "]": "{]}",
}
_HEADINGS = ("rank", "strategy", "train blur", "gain", "95\\%", "seen", "unseen", "clean", "fit s", "added ms")


def render(standings: Standings) -> str:
    """A table for each classifier that was measured under blur."""
    opening = (
        f"% {_comment(standings.title)}\n"
        f"% suite {standings.suite} version {standings.suite_version}, budget {_comment(standings.budget)}, "
        f"{counted(len(standings.seeds), 'seed')}; written by blurbench\n"
    )
    return opening + "".join(_table(standings, ranking) for ranking in standings.rankings if ranking.rows)


def _comment(text: str) -> str:
    return one_line(text).encode("ascii", "replace").decode()


def _table(standings: Standings, ranking: Ranking) -> str:
    over = "images" if standings.images_only else "images and seeds"
    caption = (
        f"{_text(standings.title)}: {_text(ranking.classifier)}. Gain in top-1 over {_text(standings.baseline)} in "
        f"percentage points, mean over {ranking.blurred_blocks} blurred tests; 95\\% intervals over {over}. "
        f"Ranks that are shared cannot be told apart. Rows below the line are told the true PSF."
    )
    lines = [_row(one) for one in ranking.rows]
    oracles = [_row(one) for one in ranking.oracles]
    body = [*lines, *(["\\midrule", *oracles] if oracles else [])]
    return "\n".join(
        [
            r"\begin{longtable}{rllrlrrrrr}",
            rf"\caption{{{caption}}}\\",
            r"\toprule",
            _cells(_HEADINGS),
            r"\midrule",
            r"\endhead",
            *body,
            r"\bottomrule",
            r"\end{longtable}",
            "",
        ]
    )


def _row(one: RankedStrategy) -> str:
    gain = one.gain
    interval = "" if gain is None else f"$[{formatting.points(gain.low)}, {formatting.points(gain.high)}]$"
    estimate = "baseline" if one.is_baseline else "" if gain is None else f"${formatting.points(gain.estimate)}$"
    return _cells(
        (
            _ranks(one),
            _text(one.strategy),
            _text(one.train_blur),
            estimate,
            interval,
            *(_text(formatting.change(value)) for value in (one.gain_seen, one.gain_unseen, one.clean_change)),
            formatting.seconds(one.fit_seconds),
            "--" if one.is_baseline else formatting.milliseconds(one.added_batch_1_ms, "+"),
        )
    )


def _ranks(one: RankedStrategy) -> str:
    if one.rank_low is None or one.rank_high is None:
        return "--" if UNSTEADY in one.flags else str(one.rank or "--")
    return str(one.rank_low) if one.rank_low == one.rank_high else f"{one.rank_low}--{one.rank_high}"


def _cells(cells: Sequence[str] | Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _text(text: str) -> str:
    """Plain text, whoever wrote it."""
    return "".join(_SIGNS.get(sign, sign) for sign in one_line(text))
