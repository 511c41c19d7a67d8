"""What one call leaves: report.md, results.json, log.txt and the suite's bundles, few files and small."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.gpu.matrix import RESULTS, Matrix, StageResult
from benchmarks.gpu.report import Call, render
from blurbench.checkout import unmet
from blurbench.errors import BlurbenchError, shortened
from blurbench.store.store import Store
from blurbench.store.written import MARK, check_replaceable, write_all

if TYPE_CHECKING:
    from blurbench.submissions.merge import Outgoing

__all__ = ["MOST_BYTES", "MOST_FILES", "bundles", "check_out", "write"]

MOST_FILES, MOST_BYTES = 8, 12 * 2**20
"""All files of a call; one bundle or log: together under 60 MiB."""
MOST_BUNDLES = 4
_BUNDLES = ("bundle.zip", *(f"bundle-{number}.zip" for number in range(2, MOST_BUNDLES + 1)))


@dataclass(frozen=True)
class Board:
    """What the results folder holds so far."""

    text: str
    bundles: Sequence[bytes] = ()


def write(out: Path, matrix: Matrix, results: Sequence[StageResult], command: str, seconds: float) -> list[Path]:
    """Write all files anew, as far as the call has come; return their paths."""
    board = _board(matrix.work)
    call = Call(command, matrix.device, matrix.minutes, seconds, unmet())
    log = matrix.work / "log.txt"
    files: dict[str, str | bytes] = {
        "report.md": render(call, results, board.text),
        "results.json": json.dumps(_json(call, results), indent=1) + "\n",
        "log.txt": f"{MARK}\n".encode() + (log.read_bytes()[-MOST_BYTES:] if log.is_file() else b""),
    }
    return write_all(out, {**files, **dict(zip(_BUNDLES, board.bundles, strict=False))})


def check_out(out: Path) -> None:
    """Raise UsageError, before anything is measured, where a file of the user's is in the way."""
    check_replaceable([out / name for name in ("report.md", "results.json", "log.txt", *_BUNDLES)])


def _json(call: Call, results: Sequence[StageResult]) -> dict[str, Any]:
    def stage(result: StageResult) -> dict[str, Any]:
        journal = result.journal
        entries = [asdict(entry) for entry in journal.entries.values()]
        shared = {"stage": result.name, "seconds": result.seconds, "reason": result.reason}
        return {**shared, "machine": journal.machine, "planned": list(journal.planned), "steps": entries}

    return {**asdict(call), "stages": [stage(result) for result in results]}


# --- the suite's board ---------------------------------------------------------------------------------------------


def _board(work: Path) -> Board:
    store = Store(work / RESULTS)
    texts, packed = [], []
    for name in store.records.boards() if (work / RESULTS).is_dir() else []:
        try:
            packed += bundles(store, name)
            texts.append(_rendered(store, name))
        except (BlurbenchError, ImportError, ValueError) as error:
            texts.append(f"The board {name} cannot be shown: {shortened(str(error))}")
    if len(packed) > MOST_BUNDLES:
        texts.insert(
            0, f"{len(packed) - MOST_BUNDLES} of {len(packed)} bundles found no room: the rest is in {RESULTS}."
        )
    return Board("\n\n".join(texts), packed[:MOST_BUNDLES])


def _rendered(store: Store, name: str) -> str:
    from blurbench.board.outcomes import stored_outcomes
    from blurbench.board.render.markdown import render as as_markdown
    from blurbench.board.standings import standings

    return as_markdown(standings(stored_outcomes(store, name)))


def bundles(store: Store, name: str) -> list[bytes]:
    """The measured cells of a board as bundles, each small enough to be carried; none where nothing is measured."""
    from blurbench.submissions.merge import gather

    return list(_packed(gather(store, name)))


def _packed(outgoing: Outgoing) -> Iterator[bytes]:
    lines = outgoing.board.lines
    if not lines:
        return
    content = outgoing.pack()
    if len(content) <= MOST_BYTES or len(lines) == 1:
        yield content
        return
    for half in (lines[: len(lines) // 2], lines[len(lines) // 2 :]):
        yield from _packed(_part(outgoing, half))


def _part(outgoing: Outgoing, lines: list[Any]) -> Outgoing:
    """The bundle of some of the cells. Timings go with each part: they are small."""
    from blurbench.submissions.merge import Outgoing

    keys = {f"records/{line.key}.json" for line in lines}
    files = {name: content for name, content in outgoing.files.items() if name in keys or name.startswith("timings/")}
    return Outgoing(outgoing.board.model_copy(update={"lines": lines}), outgoing.environments, files)
