"""The front page of a folder of published boards, as markdown and as HTML: made from what lies in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

from blurbench.board import estimators
from blurbench.board.render import export
from blurbench.board.render.escape import for_markdown
from blurbench.board.render.formatting import gain, row_name
from blurbench.board.schema import Ranking, Standings
from blurbench.errors import RecordError

__all__ = ["html", "markdown", "published"]

MOST = 4
"""Rows that are named where several may be best."""


@dataclass(frozen=True)
class Published:
    """One document of the folder: a board with its standings, or another report with its heading alone."""

    path: str
    """Of the markdown file, relative to the folder, with forward slashes."""
    title: str
    standings: Standings | None = None
    has_page: bool = False
    of_estimators: str = ""
    """What a board of estimators was measured on."""

    @property
    def facts(self) -> str:
        """What a board was measured on."""
        if (board := self.standings) is None:
            return self.of_estimators
        images = ", ".join(f"{name} ({n} test images)" for name, n in board.test_images.items())
        seeds = f"{len(board.seeds)} seed{'' if len(board.seeds) == 1 else 's'}"
        return f"suite {board.suite} version {board.suite_version}, budget {board.budget}; {seeds}; {images}"

    @property
    def leaders(self) -> list[str]:
        """For each classifier the rows that may be best: none was told to be better."""
        rankings = self.standings.rankings if self.standings else ()
        return [f"{ranking.classifier}: {_first(ranking)}" for ranking in rankings if ranking.rows]


def _first(ranking: Ranking) -> str:
    may_be_best = [one for one in ranking.rows if one.rank_low == 1] or list(ranking.rows[:1])
    best = [one for one in may_be_best if not one.control] or may_be_best
    named = [
        f"{row_name(one.strategy, one.train_blur)} {gain(one.gain) if one.gain else '(the baseline)'}"
        for one in best[:MOST]
    ]
    more = f" and {len(best) - MOST} more" if len(best) > MOST else ""
    opening = "" if len(best) == 1 else f"{len(best)} rows may be best: "
    return f"{opening}{', '.join(named)}{more}"


def published(folder: Path) -> list[Published]:
    """Every markdown file in `folder` and below but its front page, boards first."""
    found = [_published(folder, path) for path in sorted(folder.rglob("*.md")) if path != folder / "README.md"]
    return sorted(found, key=lambda one: (not one.facts, one.standings is None, one.path))


def _published(folder: Path, path: Path) -> Published:
    lines = path.read_text(encoding="utf-8").splitlines()
    title = next((line.removeprefix("# ") for line in lines if line.startswith("# ")), path.stem)
    content = path.with_suffix(".json").read_bytes() if path.with_suffix(".json").is_file() else b""
    try:
        standings = export.parse(content, path.name)
    except RecordError:
        standings = None
    return Published(
        path.relative_to(folder).as_posix(),
        standings.title if standings else title,
        standings,
        path.with_suffix(".html").is_file(),
        estimators.facts(content),
    )


def markdown(documents: list[Published]) -> str:
    """`README.md`."""
    lines = [
        "# Published results",
        "",
        "Written by `blurbench leaderboard render --publish` and its sister commands from runs.",
    ]
    for one in documents:
        page = f" ([web page]({one.path.removesuffix('.md')}.html))" if one.has_page else ""
        title = for_markdown(one.title) if one.standings else one.title  # headings are markdown already
        lines += ["", f"**[{title}]({one.path})**{page}", *([for_markdown(one.facts)] if one.facts else [])]
        lines += [f"- {for_markdown(leader)}" for leader in one.leaders]
    return "\n".join(lines) + "\n"


def html(documents: list[Published]) -> str:
    """`index.html`."""
    entries = []
    for one in documents:
        target = one.path.removesuffix(".md") + ".html" if one.has_page else one.path
        leaders = "".join(f"<li>{escape(leader)}</li>" for leader in one.leaders)
        facts = f"<p>{escape(one.facts)}</p>" if one.facts else ""
        entries.append(f'<h2><a href="{escape(target)}">{_heading(one)}</a></h2>{facts}<ul>{leaders}</ul>')
    return _FRAME.format(entries="\n".join(entries))


def _heading(one: Published) -> str:
    """As HTML; what is no board is headed in markdown, where backticks mean code."""
    if one.standings:
        return escape(one.title)
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(unescape(one.title)))


_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>blurbench: published results</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 50rem; }}
h2 {{ font-size: 1.1rem; margin: 1.4rem 0 0; }}
p, ul {{ margin: 0.2rem 0; }}
</style></head>
<body><h1>blurbench: what blur costs an image classifier, and which remedy wins it back</h1>
{entries}
</body></html>
"""
