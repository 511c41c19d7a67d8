"""The front page of a folder of published boards, as markdown and as HTML: made from what lies in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from markupsafe import Markup, escape

from blurbench.board.render import estimators, export
from blurbench.board.render.escape import for_markdown
from blurbench.board.render.formatting import gain, row_name
from blurbench.board.render.page import template
from blurbench.board.schema import Ranking, Standings
from blurbench.errors import RecordError, counted, listed

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
        edition = f"suite {board.suite} version {board.suite_version}, budget {board.budget}"
        return f"{edition}; {counted(len(board.seeds), 'seed')}; {images}"

    @property
    def leaders(self) -> list[str]:
        """For each classifier the rows that may be best: none was told to be better."""
        rankings = self.standings.rankings if self.standings else ()
        return [f"{ranking.classifier}: {_first(ranking)}" for ranking in rankings if ranking.rows]

    @property
    def page(self) -> str:
        """The web page, or the markdown file where there is none."""
        return self.path.removesuffix(".md") + ".html" if self.has_page else self.path

    @property
    def heading(self) -> Markup:
        """As HTML; what is no board is headed in markdown, where backticks mean code."""
        if self.standings:
            return escape(self.title)
        return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(unescape(self.title)))))

    @property
    def markdown_title(self) -> str:
        """Headings of reports are markdown already."""
        return for_markdown(self.title) if self.standings else self.title


def _first(ranking: Ranking) -> str:
    may_be_best = [row for row in ranking.rows if row.rank_low == 1] or list(ranking.rows[:1])
    best = [row for row in may_be_best if not row.control] or may_be_best
    named = [f"{row_name(*row.key)} {gain(row.gain) if row.gain else '(the baseline)'}" for row in best]
    opening = "" if len(best) == 1 else f"{len(best)} rows may be best: "
    return f"{opening}{listed(named, MOST)}"


def published(folder: Path, new: Mapping[str, str | bytes]) -> list[Published]:
    """Every markdown file in `folder` and in the folders in it, boards first; `new` is what is about to be written
    there, by name. The front page itself, and what is hidden, is left out."""
    stored = [path.relative_to(folder) for path in (*folder.glob("*.md"), *folder.glob("*/*.md"))]
    shown = {path.as_posix() for path in stored if not any(part.startswith(".") for part in path.parts)}
    names = sorted({*shown, *(name for name in new if name.endswith(".md"))} - {"README.md"})
    documents = [_published(folder, name, new) for name in names]
    return sorted(documents, key=lambda one: (not one.facts, one.standings is None, one.path))


def _published(folder: Path, name: str, new: Mapping[str, str | bytes]) -> Published:
    def content(suffix: str) -> bytes | None:
        beside = name.removesuffix(".md") + suffix
        found = (
            new[beside] if beside in new else (folder / beside).read_bytes() if (folder / beside).is_file() else None
        )
        return found.encode() if isinstance(found, str) else found

    lines = (content(".md") or b"").decode("utf-8", "replace").splitlines()
    title = next((line.removeprefix("# ") for line in lines if line.startswith("# ")), Path(name).stem)
    data = content(".json") or b""
    try:
        standings = export.parse(data, name)
    except RecordError:
        standings = None
    title = standings.title if standings else title
    return Published(name, title, standings, content(".html") is not None, estimators.facts(data))


def markdown(documents: list[Published]) -> str:
    """`README.md`."""
    return template("index.md.jinja", autoescape=False).render(documents=documents, for_markdown=for_markdown)


def html(documents: list[Published]) -> str:
    """`index.html`."""
    return template("index.html.jinja").render(documents=documents)
