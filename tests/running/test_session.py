"""From a request to stored records: what a session says of itself, and what it makes of what is stored."""

from __future__ import annotations

import shlex
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from blurbench.matrix.tasks import Evaluate
from blurbench.running.session import Request, Rerun, Session, is_wanted, without_folders
from blurbench.store.record import Record
from tests.running.tiny import write_suite


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("imagefolder[path=/home/alice/p]", "imagefolder[path=FOLDER/p]"),
        ('imagefolder[path="/home/a b/p"]', 'imagefolder[path="FOLDER/p"]'),
        ("imagefolder[path=~/photos/x]", "imagefolder[path=FOLDER/x]"),
        ("imagefolder[path=~alice/photos/x]", "imagefolder[path=FOLDER/x]"),
        ("imagefolder[path=./photos]", "imagefolder[path=FOLDER/photos]"),
        ("imagefolder[path=../photos/]", "imagefolder[path=FOLDER/]"),
        ("imagefolder[path=photos/cats]", "imagefolder[path=photos/cats]"),
        (
            r"checkpoint[network=C:\Users\x.py:f, weights=/a/b.pt]",
            "checkpoint[network=FOLDER/x.py:f, weights=FOLDER/b.pt]",
        ),
        ("gaussian[sigma=2]", "gaussian[sigma=2]"),
    ],
)
def test_folders_of_this_machine_are_one_word(text: str, shown: str) -> None:
    assert without_folders(text) == shown


def test_the_command_on_a_board_is_one_that_can_be_typed_and_names_no_folder(tmp_path: Path) -> None:
    request = Request.of(
        str(write_suite(tmp_path)),
        {"dataset": ["imagefolder[path=/home/alice/p]"], "strategy": None, "train_blur": ["gaussian[sigma=2]"]},
        limit=50,
        out=tmp_path / "alice",
        seeds=3,
        data_dirs=(tmp_path,),
        threads=2,
    )
    assert request.command == (
        "blurbench run --suite tiny.toml --budget quick --seeds 3 --dataset 'imagefolder[path=FOLDER/p]' "
        "--train-blur 'gaussian[sigma=2]' --limit 50 --data-dir FOLDER --threads 2"
    )
    assert shlex.join(shlex.split(request.command)) == request.command
    assert Request("restored-digits", verb=("reproduce", "shen2022")).command == (
        "blurbench reproduce shen2022 --budget quick --seeds 1"
    )


def test_what_the_process_was_started_with_is_not_the_boards_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["pytest", "--secret", "/home/alice"])
    manifest = Session(Request(str(write_suite(tmp_path)), out=tmp_path / "results")).manifest()
    assert manifest.commands == ["blurbench run --suite tiny.toml --budget quick --seeds 1"]


def test_a_skip_shows_its_latest_reason(tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    suite.write_text(suite.read_text().replace('["digits"]', '["digits", "imagefolder[path=nowhere]"]'))
    session = Session(Request(str(suite), out=tmp_path / "results", seeds=1))
    session.store.create()
    skipped = next(cell for cell in session.plan.cells if cell.skip)
    older = Record(key=skipped.key, status="skipped", reason="another reason", **skipped.identity)
    session.store.records.put(older)
    session._record_skips()
    record = session.store.records.get(skipped.key)
    assert record is not None
    assert record.reason.startswith("imagefolder: ")


@pytest.mark.parametrize(
    ("rerun", "again"),
    [
        ("missing", {"none": True, "ok": False, "failed": False, "skipped": False, "blocked": False}),
        ("failed", {"none": True, "ok": False, "failed": True, "skipped": True, "blocked": True}),
        ("all", {"none": True, "ok": True, "failed": True, "skipped": True, "blocked": True}),
    ],
)
def test_what_is_measured_again_is_what_was_asked_for(rerun: Rerun, again: dict[str, bool]) -> None:
    records = {status: Record.model_construct(status=status) for status in again if status != "none"}
    assert {status: is_wanted(records.get(status), rerun) for status in again} == again


def test_what_is_fitted_is_not_fitted_again_for_another_test(tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    asked = Request(str(suite), out=tmp_path / "results", jobs=0, timing=False)
    assert set(Session(asked).run().status.values()) == {"ok"}
    more = Session(replace(asked, only={"test_blur": ("gaussian[sigma=2]", "gaussian[sigma=3]")}))
    outstanding = more.outstanding("missing")
    assert {task.cell.labels["test_blur"] for task in outstanding.values() if task.cell} == {"gaussian[sigma=3]"}
    assert all(isinstance(task, Evaluate) for task in outstanding.values())
    assert len(more.outstanding("all")) > len(more.plan.cells), "with the fits"
