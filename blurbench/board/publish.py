"""A board's files: what stands beside it in the results folder, and what is published elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from blurbench.board.locate import ESTIMATION, measure_of
from blurbench.errors import UsageError
from blurbench.store.files import write_atomically
from blurbench.store.store import Store
from blurbench.store.written import write_all

# What renders boards imports numpy: not for --help.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blurbench.board.outcomes import Outcomes
    from blurbench.board.render.page import Strip
    from blurbench.board.schema import Standings

__all__ = ["publish_board", "write_board"]

Files: TypeAlias = dict[str, str | bytes]
"""Contents by name."""

IMAGES = 4
"""In a strip of samples."""
MAPS = 6
"""Estimators in one picture, the best ones."""


def write_board(
    store: Store, board: str, baseline_classifier: str | None = None, always: bool = True
) -> tuple[str, list[Path]]:
    """Write a board's files beside it; return the summary to be printed and the paths.

    Markdown, CSV and the web page, of estimators' boards pictures of maps in the place of a page. Unless `always`,
    files that show the same standings already are left as they are, since to draw them takes a second.
    """
    folder = store.root / "boards"
    if measure_of(store, board) == ESTIMATION:
        summary, files = _estimator_files(store, board, baseline_classifier)
    else:
        from blurbench.board.outcomes import stored_outcomes
        from blurbench.board.render.markdown import summary as summary_of
        from blurbench.board.standings import standings

        outcomes = stored_outcomes(store, board)
        result = standings(outcomes, baseline_classifier)
        summary, paths = summary_of(result), [folder / f"{board}{suffix}" for suffix in (".md", ".csv", ".html")]
        mark = _mark(result)
        if not always and all(path.is_file() for path in paths) and paths[-1].read_bytes().endswith(mark):
            pictures = [path for path in (folder / f"{board}.wrong-sigma.png",) if path.is_file()]
            return summary, [*paths, *pictures]
        files = _files(store, board, outcomes, result)
    for name, content in files.items():
        write_atomically(folder / name, content)
    return summary, [folder / name for name in files]


def publish_board(store: Store, board: str, folder: Path, baseline_classifier: str | None = None) -> list[Path]:
    """Write a board into `folder` with JSON, LaTeX, a chart and strips of sample images; one of estimators as
    `write_board` does, and as JSON. The folder's front page is made anew from what then lies there.

    Raises UsageError, and writes nothing, where something cannot be drawn or would replace a file of the user's.
    """
    if measure_of(store, board) == ESTIMATION:
        from blurbench.board.outcomes import stored_estimates
        from blurbench.board.render.estimators import to_json

        files = _estimator_files(store, board, baseline_classifier)[1]
        files[f"{board}.json"] = to_json(stored_estimates(store, board))
    else:
        files = _published_files(store, board, baseline_classifier)
    return write_all(folder, {**files, **_front_page(folder, files)})


def _published_files(store: Store, board: str, baseline_classifier: str | None) -> Files:
    from blurbench.board.outcomes import stored_outcomes
    from blurbench.board.render import export, figures, latex
    from blurbench.board.standings import standings

    outcomes = stored_outcomes(store, board)
    result = standings(outcomes, baseline_classifier)
    files = _files(store, board, outcomes, result)
    files |= {f"{board}.json": export.render(result), f"{board}.tex": latex.render(result)}
    if any(ranking.rows for ranking in result.rankings):
        files |= {f"{board}{suffix}": figures.recovery_chart(result, suffix) for suffix in (".png", ".svg")}
    for strip in _strips(store, board):
        files[f"{_file_name(f'{board}.{strip.dataset}.{strip.blur}')}.png"] = figures.sample_strip(strip.stages)
    return files


def _files(store: Store, board: str, outcomes: Outcomes, result: Standings) -> Files:
    from blurbench.board.psf_mismatch import mismatch_curves
    from blurbench.board.render import export, figures, markdown, page

    html = page.render(result, list(_strips(store, board))).encode() + _mark(result)
    files: Files = {
        f"{board}.md": markdown.render(result),
        f"{board}.csv": export.to_csv(result),
        f"{board}.html": html,
    }
    if points := mismatch_curves(outcomes):
        files[f"{board}.wrong-sigma.png"] = figures.mismatch_chart(points)
    return files


def _mark(result: Standings) -> bytes:
    """What the web page shows, as a comment at its end."""
    from blurbench.board.render import export

    return f"<!-- {sha256(export.render(result).encode()).hexdigest()} -->\n".encode()


def _strips(store: Store, board: str) -> Iterator[Strip]:
    """For each data set and blur the stored images: clean, blurred, and as each row fitted to it restores them."""
    from blurbench.board.outcomes import restored_samples
    from blurbench.board.render.page import Strip

    strips: dict[tuple[str, str], dict[str, NDArray[np.uint8]]] = {}
    for dataset, blur, strategy, key in restored_samples(store, board):
        if samples := store.samples(key, ("clean", "blurred", "restored")):
            shown = {name: images[:IMAGES] for name, images in samples.items()}
            first = {"clean": shown["clean"], "blurred": shown["blurred"]}
            strips.setdefault((dataset, blur), first).setdefault(strategy, shown["restored"])
    yield from (Strip(*place, stages) for place, stages in strips.items())


def _estimator_files(store: Store, board: str, baseline_classifier: str | None) -> tuple[str, Files]:
    from blurbench.board.outcomes import stored_estimates
    from blurbench.board.render import estimators
    from blurbench.board.render.sigma_maps import MAP_PARTS, map_picture

    if baseline_classifier is not None:
        raise UsageError(f"board {board} is of estimators: --baseline-classifier says nothing there")
    estimates = stored_estimates(store, board)
    pictures: dict[tuple[str, str], str] = {}
    drawn: Files = {}
    for place, members in estimators.by_place(estimates.cells).items():
        maps = [(cell.title, samples) for cell in members if (samples := store.samples(cell.key, MAP_PARTS))]
        if maps:
            pictures[place] = f"{_file_name(f'{board}.' + '.'.join(place))}.png"
            drawn[pictures[place]] = map_picture(dict(maps[:MAPS]))
    markdown = estimators.markdown(estimates, pictures)
    files: Files = {f"{board}.md": markdown, f"{board}.csv": estimators.to_csv(estimates), **drawn}
    return estimators.summary(estimates), files


def _file_name(label: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", label)  # labels are no file names


def _front_page(folder: Path, files: Files) -> Files:
    from blurbench.board.render import index

    documents = index.published(folder, files)
    return {"README.md": index.markdown(documents), "index.html": index.html(documents)}
