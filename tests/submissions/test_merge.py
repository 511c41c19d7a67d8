"""What leaves a results folder in a bundle, and what comes into one."""

from __future__ import annotations

import socket
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blurbench.registry import Registry
from blurbench.store.record import Record
from blurbench.store.store import Store
from blurbench.submissions.check import check as check_submission
from blurbench.submissions.installation import Installation
from blurbench.submissions.merge import gather, merge
from blurbench.submissions.submission import Submission, open_submission
from tests.submissions.conftest import BOARD, first, manifest_of


@pytest.fixture
def bundled(registry: Registry, smoked: Path, tmp_path: Path) -> Callable[[Store], Submission]:
    """A store's board, packed, read and validated."""

    def bundled(store: Store) -> Submission:
        path = tmp_path / "bundle.zip"
        path.write_bytes(gather(store, BOARD).pack())
        held = open_submission(path)
        check_submission(held, Installation(registry, Store(smoked), ()))
        return held

    return bundled


def new_store(folder: Path) -> Store:
    store = Store(folder)
    store.create()
    return store


def test_the_same_results_give_the_same_bytes(store: Store) -> None:
    assert gather(store, BOARD).pack() == gather(store, BOARD).pack()


def test_no_folder_of_this_machine_goes_into_a_bundle(store: Store, tmp_path: Path) -> None:
    record = first(store)
    provenance = {**record.provenance, "folder": "/home/ada/secret"}
    store.records.put(record.model_copy(update={"provenance": provenance, "log": f"logs/{record.key}.log"}))
    manifest = manifest_of(store)
    commands = ["blurbench run --suite smoke", "blurbench run --suite smoke --dataset 'imagefolder[path=/home/ada/x]'"]
    store.records.put_board(BOARD, manifest.model_copy(update={"commands": commands}))
    outgoing = gather(store, BOARD)
    path = tmp_path / "bundle.zip"
    path.write_bytes(outgoing.pack())
    with zipfile.ZipFile(path) as packed:
        text = b"".join(packed.read(name) for name in packed.namelist())
    assert b"/home" not in text
    assert b"secret" not in text
    assert b".log" not in text
    assert outgoing.board.commands == commands[:1]
    assert any("command" in what for what in outgoing.staying)


def test_a_record_whose_parameters_name_a_folder_stays_here(store: Store) -> None:
    record = first(store)
    dataset = record.axes["dataset"]
    config = {**dataset.config, "path": "/home/ada/pictures"}
    axes = {**record.axes, "dataset": dataset.model_copy(update={"config": config})}
    store.records.put(record.model_copy(update={"axes": axes}))
    outgoing = gather(store, BOARD)
    assert f"records/{record.key}.json" not in outgoing.files
    assert outgoing.staying == {"cells with a folder of this machine among their parameters": 1}
    assert record.key not in {line.key for line in outgoing.board.lines}


def test_a_record_that_names_this_host_stays_here(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    record = first(store)
    monkeypatch.setattr(socket, "gethostname", lambda: "adas-laptop.example")
    store.records.put(record.model_copy(update={"provenance": {**record.provenance, "device": "CPU of adas-laptop"}}))
    assert f"records/{record.key}.json" not in gather(store, BOARD).files


def test_what_was_not_measured_stays_here(store: Store) -> None:
    record = first(store)
    store.records.put(Record(**{**bare(record), "status": "failed", "reason": "no luck at /home/ada"}), force=True)
    outgoing = gather(store, BOARD)
    assert outgoing.staying == {"cells that are failed": 1}
    assert len(outgoing.board.lines) == len(manifest_of(store).lines) - 1


def bare(record: Record) -> dict[str, Any]:
    identity = ("key", "measure", "axes", "budget", "seed", "test_seed", "settings")
    return {name: value for name, value in record.model_dump().items() if name in identity}


def test_merging_twice_is_merging_once(store: Store, bundled: Callable[[Store], Submission], tmp_path: Path) -> None:
    other = new_store(tmp_path / "other")
    one = merge(bundled(store), other)
    before = other.records.board_path(BOARD).read_bytes()
    two = merge(held := bundled(store), other)
    assert one is not None
    assert two is not None
    assert (one.added, one.known, two.added, two.known) == (24, 0, 0, 24)
    assert held.refusals == []
    assert other.records.board_path(BOARD).read_bytes() == before
    assert manifest_of(other) == manifest_of(store)


def test_two_halves_from_two_people_make_the_whole_board(
    store: Store, bundled: Callable[[Store], Submission], tmp_path: Path
) -> None:
    whole, other = manifest_of(store), new_store(tmp_path / "other")
    for half in (whole.lines[::2], whole.lines[1::2]):
        store.records.put_board(BOARD, whole.model_copy(update={"lines": half}))
        merge(bundled(store), other)
    merged = manifest_of(other)
    assert sorted(map(str, merged.lines)) == sorted(map(str, whole.lines))
    assert merged.test_blurs == whole.test_blurs
    assert merged.commands == whole.commands


def test_a_cell_that_was_measured_otherwise_is_refused_by_name_and_the_rest_is_merged(
    store: Store, bundled: Callable[[Store], Submission], tmp_path: Path
) -> None:
    other = new_store(tmp_path / "other")
    record = first(store)
    images = record.accuracy.images
    wrong = [at for at, (a, b) in enumerate(zip(images.label, images.predicted, strict=True)) if a != b]
    predicted = list(images.predicted)
    predicted[wrong[0]] = next(n for n in range(10) if n not in (predicted[wrong[0]], images.label[wrong[0]]))
    changed = {"images": images.model_copy(update={"predicted": predicted})}
    own = record.model_copy(update={"result": record.accuracy.model_copy(update=changed)})
    other.records.put(own)
    merged = merge(held := bundled(store), other)
    assert merged is not None
    assert merged.added == 23
    (refusal,) = held.refusals
    assert refusal.file == f"records/{record.key}.json"
    assert "says otherwise (1 of 100 predictions)" in refusal.reason
    assert other.records.get(record.key) == own


def test_a_seed_whose_answers_are_those_of_one_that_is_here_is_refused(
    store: Store, bundled: Callable[[Store], Submission]
) -> None:
    held, seeds = bundled(store), {}
    for file, record in held.records.items():
        seeds[record.key] = record.key[::-1]
        held.records[file] = record.model_copy(update={"seed": record.seed + 1, "key": seeds[record.key]})
    ((name, board),) = held.boards.items()
    lines = [line.model_copy(update={"seed": line.seed + 1, "key": seeds[line.key]}) for line in board.lines]
    held.boards[name] = board.model_copy(update={"lines": lines})
    fitted = sum(record.accuracy.fitted_answers() is not None for record in held.records.values())
    merged = merge(held, store)
    assert merged is not None
    assert 0 < fitted == len(held.refusals) == len(lines) - merged.added
    assert "its answers are those of seed 0, image for image" in held.refusals[0].reason


def test_a_bundle_fills_the_cells_that_could_not_be_had_here(
    store: Store, bundled: Callable[[Store], Submission], tmp_path: Path
) -> None:
    other = new_store(tmp_path / "other")
    record, manifest = first(store), manifest_of(store)
    skipped = "ab" * 16
    other.records.put(Record(**{**bare(record), "key": skipped, "status": "skipped", "reason": "not here"}))
    line = manifest.lines[0].model_copy(update={"key": skipped})
    other.records.put_board(BOARD, manifest.model_copy(update={"lines": [line]}))
    merge(held := bundled(store), other)
    assert held.refusals == []
    assert manifest_of(other).lines[0].key == record.key
    assert len(manifest_of(other).lines) == 24


def test_a_board_of_another_content_takes_nothing(
    store: Store, bundled: Callable[[Store], Submission], tmp_path: Path
) -> None:
    other = new_store(tmp_path / "other")
    other.records.put_board(BOARD, manifest_of(store).model_copy(update={"content": "cd" * 16, "lines": []}))
    assert merge(held := bundled(store), other) is None
    assert "its content is not that of the board" in held.refusals[0].reason
    assert not list((other.root / "records").glob("*/*.json"))
