"""Writing a board's files from stored records."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from blurbench.cli.estimation import publish_estimations, publish_json
from blurbench.errors import UsageError
from blurbench.results.store import Store, write_atomically

# What renders boards imports numpy: not for --help.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from blurbench.board.render.page import Strip
    from blurbench.board.standings import Standings
    from blurbench.results.record import AnyBoard, Manifest, Record, Timing

__all__ = [
    "all_boards",
    "board_at",
    "listed",
    "manifest_of",
    "only_board",
    "publish_board",
    "records_of",
    "timings_of",
    "write_board",
]

PICTURED = 4
"""Images in a strip of samples."""


def manifest_of(store: Store, board: str) -> Manifest:
    """What cells a stored board of classifiers has; raises UsageError, naming the boards that there are."""
    found = listed(store, board)
    if store.shelf_for(found) is not store.cells:
        raise of_estimators(store, [board])
    return found  # type: ignore[return-value] # as its shelf tells


def listed(store: Store, board: str) -> AnyBoard:
    """What cells a stored board of any kind has; raises UsageError, naming the boards that there are."""
    found: AnyBoard | None = store.shelf_of(board).board(board)
    if found is not None:
        return found
    if board in (boards := all_boards(store)):
        raise UsageError(f"the manifest of board {board!r} is damaged; the run that made it writes it again")
    known = ", ".join(boards) or "none yet; `blurbench run` makes one"
    raise UsageError(f"no board {board!r} in {store.root}; there is: {known}")


def all_boards(store: Store) -> list[str]:
    """The names of the boards of every kind."""
    return [name for shelf in store.shelves for name in shelf.boards()]


def records_of(store: Store, board: str) -> tuple[Manifest, dict[str, Record]]:
    """The lines of a stored board of classifiers, and their records; one that cannot be compared with the others is a
    failed one."""
    from blurbench.results.agreement import without_dissenters

    manifest = manifest_of(store, board)
    return manifest, without_dissenters(manifest, store.cells.records_of(manifest))


def board_at(
    path: Path, board: str | None = None, elsewhere: Sequence[str] = (), of_any_kind: bool = False
) -> tuple[Store, str]:
    """The store and the board that a path names: a results folder, or FOLDER/boards/NAME.json. Where a folder holds
    several, the one called `board`, or the one that is among those `elsewhere`, too."""
    if path.suffix == ".json" and path.parent.name in ("boards", "estimations"):
        return Store(path.parent.parent), path.stem
    store = Store(path)
    if not (store.root / "boards").is_dir():
        raise UsageError(f"{path} is no results folder and no board in one")
    boards = [board] if board else begun(store, all_boards(store) if of_any_kind else store.boards())
    if len(boards) > 1:
        boards = [name for name in boards if name in elsewhere] or boards
    if not boards:
        raise no_board(store)
    if len(boards) > 1:
        raise UsageError(f"{path} holds these boards: {', '.join(boards)}; choose one with --board")
    return store, boards[0]


def only_board(store: Store, boards: list[str]) -> str:
    """The name of the one board that a results folder holds; `boards` are those that the command is for."""
    boards = begun(store, boards)
    if not boards:
        raise no_board(store)
    if len(boards) > 1:
        raise UsageError(f"name the board that you want; in {store.root} there are: {', '.join(boards)}")
    return boards[0]


def no_board(store: Store) -> UsageError:
    """What to say where a folder has no board of classifiers."""
    if others := store.estimations.boards():
        return of_estimators(store, others)
    return UsageError(f"there is no board in {store.root}; `blurbench run` makes one")


def of_estimators(store: Store, boards: Sequence[str]) -> UsageError:
    """What to say where a command is for boards of classifiers."""
    known = ", ".join(boards)
    return UsageError(f"this command is for boards of classifiers; those in {store.root} are of estimators: {known}")


def begun(store: Store, boards: list[str]) -> list[str]:
    """The boards with a record, if any has one: a run that could not start leaves a board without."""
    if len(boards) < 2:
        return boards
    return [name for name in boards if _is_begun(store, name)] or boards


def _is_begun(store: Store, name: str) -> bool:
    shelf = store.shelf_of(name)
    board = shelf.board(name)
    return board is None or any(shelf.record(line.key) is not None for line in board.lines)


def timings_of(store: Store, records: Mapping[str, Record]) -> dict[str, Timing]:
    """The stored timings that records name."""
    timings = {record.cost.timing: store.timing(record.cost.timing) for record in records.values() if record.cost}
    return {key: timing for key, timing in timings.items() if timing is not None}


def _standings_of(store: Store, board: str, baseline_classifier: str | None = None) -> Standings:
    """The standings of a stored board; `baseline_classifier` is the reference of its corruption errors."""
    from blurbench.board.standings import standings

    manifest, found = records_of(store, board)
    return standings(manifest, found, timings_of(store, found), baseline_classifier)


def write_board(store: Store, board: str, baseline_classifier: str | None = None) -> tuple[str, list[Path]]:
    """Write markdown, CSV and the web page; return the summary to be printed and the paths. Of estimators' boards:
    markdown, CSV and pictures of maps."""
    from blurbench.board.render import markdown, page, spreadsheet

    if board in store.estimations.boards():
        return _write_estimations(store, board, store.root / "boards", baseline_classifier)
    result = _standings_of(store, board, baseline_classifier)
    files = {".md": markdown.render(result), ".csv": spreadsheet.rows(result)}
    files[".html"] = page.render(result, _strips(store, board))
    paths = [store.board_path(board, suffix) for suffix in files]
    for path, text in zip(paths, files.values(), strict=True):
        write_atomically(path, text)
    return markdown.summary(result), [*paths, *_sigma_curve(store, board, paths[0].parent)]


def publish_board(store: Store, board: str, folder: Path, baseline_classifier: str | None = None) -> list[Path]:
    """Copy a board into `folder`, also as JSON and LaTeX, with a chart and strips of sample images; one of estimators
    as `write_board` does, and as JSON."""
    from blurbench.board.render import export, latex
    from blurbench.board.render.figures import recovery_chart, sample_strip

    if board in store.estimations.boards():
        _, paths = _write_estimations(store, board, folder, baseline_classifier)
        return [*paths, publish_json(store, board, folder), *_write_index(folder)]
    result = _standings_of(store, board, baseline_classifier)
    files: dict[str, str | bytes] = {
        suffix: store.board_path(board, suffix).read_bytes() for suffix in (".md", ".csv", ".html")
    }
    files |= {".json": export.render(result), ".tex": latex.render(result)}
    paths = [folder / f"{board}{suffix}" for suffix in files]
    for path, content in zip(paths, files.values(), strict=True):
        write_atomically(path, content)
    for suffix in (".png", ".svg"):
        paths.append(folder / f"{board}{suffix}")
        recovery_chart(result, paths[-1])
    for strip in _strips(store, board):
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{board}.{strip.dataset}.{strip.blur}")  # labels are not file names
        paths.append(folder / f"{name}.png")
        sample_strip(strip.stages, paths[-1])
    return [*paths, *_sigma_curve(store, board, folder), *_write_index(folder)]


def _write_estimations(
    store: Store, board: str, folder: Path, baseline_classifier: str | None
) -> tuple[str, list[Path]]:
    if baseline_classifier is not None:
        raise UsageError(f"board {board} is of estimators: --baseline-classifier says nothing there")
    found = store.estimations.board(board)
    records = store.estimations.records_of(found) if found else {}
    measured = sum(record.status == "ok" for record in records.values())
    return f"{measured} cells measured.", publish_estimations(store, board, folder)


def _sigma_curve(store: Store, board: str, folder: Path) -> list[Path]:
    """What a wrong sigma costs, as a picture, where the board has rows that tell."""
    from blurbench.board.psf_mismatch import costs_of, draw_costs

    costs = costs_of(*records_of(store, board))
    if not costs:
        return []
    path = folder / f"{board}.wrong-sigma.png"
    draw_costs(costs, path)
    return [path]


def _write_index(folder: Path) -> list[Path]:
    """The front page of a folder of published results, made anew from what lies there."""
    from blurbench.board.render import index

    documents = index.published(folder)
    paths = [folder / "README.md", folder / "index.html"]
    for path, text in zip(paths, (index.markdown(documents), index.html(documents)), strict=True):
        write_atomically(path, text)
    return paths


def _strips(store: Store, board: str) -> list[Strip]:
    from blurbench.board.render.page import Strip

    return [Strip(*place, stages) for place, stages in _sample_stages(store, board).items()]


def _sample_stages(store: Store, board: str) -> dict[tuple[str, str], dict[str, NDArray[np.uint8]]]:
    """For each data set and blur: the stored images, clean, blurred and restored by each row fitted to that blur."""
    manifest = store.manifest(board)
    assert manifest is not None
    found: dict[tuple[str, str], dict[str, NDArray[np.uint8]]] = {}
    for line in manifest.lines:
        if line.seed or line.train_blur != line.test_blur or not (samples := store.samples(line.key)):
            continue
        shown = {name: images[:PICTURED] for name, images in samples.items()}
        stages = found.setdefault(
            (line.dataset, line.test_blur), {"clean": shown["clean"], "blurred": shown["blurred"]}
        )
        stages.setdefault(line.strategy, shown["restored"])
    return found
