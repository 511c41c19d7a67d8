"""compare, replay, verify, validate, submit, merge and advise as a user types them, on boards of either kind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from blurbench.store.record import Record
from blurbench.store.store import Store
from tests.conftest import Command

BOARD = "smoke.v1.quick"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["compare", "here"], "give two results folders, or one with --strategy twice"),
        (["compare", "here", "there"], "here is no results folder"),
        (["replay", "abc"], "no record begins with 'abc'"),
        (["verify"], "`blurbench run` makes one"),
        (["validate", "nowhere.zip"], "nowhere.zip does not exist"),
        (["submit"], "`blurbench run` makes one"),
        (["leaderboard", "merge", "nowhere.zip"], "nowhere.zip is no bundle"),
        (["advise", "--blur", "gaussian[sigma=2]"], "blurbench-results is no results folder"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(blurbench: Command, arguments: list[str], says: str) -> None:
    result = blurbench(*arguments)
    assert result.returncode == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_group_leaderboard_shows_both_of_its_commands(blurbench: Command) -> None:
    text = blurbench("leaderboard", "--help").stdout
    assert "\n  render " in text
    assert "\n  merge " in text


def test_a_bundle_made_in_one_place_is_validated_and_merged_in_another(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    dry = blurbench("submit", "--out", str(smoked))
    assert "records: 24 files" in dry.stdout
    assert "command: blurbench run --suite smoke" in dry.stdout
    assert list(tmp_path.iterdir()) == [], "nothing is written without --write"
    assert blurbench("submit", "--out", str(smoked), "--write", "bundle.zip").returncode == 0
    checked = blurbench("validate", "bundle.zip")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout.startswith("Sound: 24 measured cells, 0 without a measurement")
    merged = blurbench("leaderboard", "merge", "bundle.zip", "--out", "other")
    assert merged.returncode == 0, merged.stderr
    assert f"{BOARD}: 24 cells added, 0 were here already." in merged.stdout
    assert (tmp_path / f"other/boards/{BOARD}.md").read_bytes() == (smoked / f"boards/{BOARD}.md").read_bytes()
    compared = blurbench("compare", str(smoked), "other", "--fail-on", "0")
    assert compared.returncode == 0
    assert compared.stdout.startswith("24 cells compared: 24 the same, 0 told apart")


@pytest.fixture
def forged(smoked: Path, tmp_path: Path) -> tuple[Path, Record]:
    """A results folder where one record's labels were changed with its predictions, and it says what it should not."""
    shutil.copytree(smoked, tmp_path / "forged")
    store = Store(tmp_path / "forged")
    manifest = store.records.board(BOARD)
    assert manifest is not None
    line = next(line for line in manifest.lines if (line["strategy"], line["test_blur"]) == ("retrain", "gaussian-2"))
    record = store.records.get(line.key)
    assert record is not None
    images = record.accuracy.images
    lists = {name: [(n + 1) % 10 for n in getattr(images, name)] for name in ("label", "predicted")}
    result = record.accuracy.model_copy(update={"images": images.model_copy(update=lists)})
    record = record.model_copy(update={"result": result})
    store.records.put(record)
    return tmp_path / "forged", record


def test_a_forged_label_list_is_named_and_costs_its_own_row_only(
    blurbench: Command, forged: tuple[Path, Record]
) -> None:
    folder, record = forged
    result = blurbench("validate", str(folder))
    assert result.returncode == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("records/")]
    assert line == f"records/{record.key[:2]}/{record.key}.json: images.label: not the test labels of digits"
    assert "Sound: 23 measured cells" in result.stdout
    assert blurbench("leaderboard", "--out", str(folder)).returncode == 0
    text = (folder / f"boards/{BOARD}.md").read_text()
    assert "refused: its test labels are not those of" in text


def test_what_a_stranger_wrote_reaches_the_terminal_without_escapes(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    path = next(smoked.glob("records/*/*.json"))
    content = json.loads(path.read_text())
    hostile = "\x1b]0;owned\x07\x1b[2J" * 20
    (tmp_path / "record.json").write_text(json.dumps({**content, hostile: 1, "log": hostile}))
    result = blurbench("validate", "record.json")
    assert result.returncode == 1
    assert "\x1b" not in result.stdout + result.stderr
    assert "\x07" not in result.stdout + result.stderr
    assert len(result.stdout.splitlines()) == 2


def test_replay_and_verify_measure_again(blurbench: Command, smoked: Path, forged: tuple[Path, Record]) -> None:
    key = forged[1].key
    again = blurbench("replay", key[:12], "--out", str(smoked))
    assert again.returncode == 0, again.stderr
    assert "The same: 0 of 100 predictions changed." in again.stdout
    verified = blurbench("verify", "--out", str(smoked), "--sample", "10%")
    assert verified.returncode == 0, verified.stderr
    assert verified.stdout.startswith("2 of 24 cells; about ")
    assert f"{BOARD}: 2 same (2 sampled with seed 0" in verified.stdout
    caught = blurbench("replay", key, "--out", str(forged[0]))
    assert caught.returncode == 1
    assert "NOT the same: its test labels are not those of the data set that is here" in caught.stdout


def test_records_that_are_damaged_or_of_another_cell_are_named_and_measured_again(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "blurbench-results"
    shutil.copytree(smoked, folder)
    torn, moved = sorted((folder / "records").rglob("*.json"))[:2]
    whole = moved.read_text()
    torn.write_text("{oops")
    moved.write_text(json.dumps({**json.loads(whole), "seed": 7}))
    verified = blurbench("verify", "--sample", "1")
    assert verified.returncode == 1
    assert f"{torn.stem[:12]}  cannot be read: digits, " in verified.stdout
    run = blurbench("run", "--suite", "smoke", "-j", "0")
    assert run.returncode == 0, run.stderr
    assert "24 cells, 2 to measure" in run.stderr
    assert "2 stored records are damaged or changed: measured again" in run.stderr
    metrics = [json.loads(text)["result"]["metrics"] for text in (moved.read_text(), whole)]
    assert metrics[0] == metrics[1]


def test_compare_does_not_pass_where_it_compared_nothing(blurbench: Command, smoked: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(smoked, other)
    board = next((other / "boards").glob("*.json"))
    board.write_text(board.read_text().replace('"plain"', '"plane"').replace('"retrain"', '"retrained"'))
    manifest = json.loads(board.read_text())
    manifest["lines"] = [line for line in manifest["lines"] if line["labels"]["strategy"] in ("plane", "retrained")]
    board.write_text(json.dumps(manifest))
    result = blurbench("compare", str(smoked), "other", "--fail-on", "1")
    assert result.returncode == 2
    assert result.stderr == "blurbench: no cell of one has an equal in the other, so --fail-on cannot tell\n"
    assert "0 cells compared" in result.stdout
    assert blurbench("compare", str(smoked), "other").returncode == 0


def test_compare_does_not_pass_where_the_second_run_lost_cells(
    blurbench: Command, smoked: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(smoked, other)
    lost = next((other / "records").rglob("*.json"))
    lost.unlink()
    result = blurbench("compare", str(smoked), "other", "--fail-on", "1")
    assert result.returncode == 2
    assert "1 of the first run's cells are not in the second, so --fail-on cannot tell" in result.stderr
    assert blurbench("compare", str(smoked), "other").returncode == 0


def test_compare_fails_on_a_sure_loss(blurbench: Command, smoked: Path) -> None:
    both = ["compare", str(smoked), "--strategy", "retrain", "--strategy", "plain"]
    result = blurbench(*both, "--fail-on", "5")
    assert result.returncode == 1
    assert "Lost more than 5 points: " in result.stdout
    assert blurbench(*both, "--fail-on", "100").returncode == 0
    content = json.loads(blurbench(*both, "--json").stdout)
    assert {one["row"] for one in content["blocks"]} == {"plain against retrain on gaussian-2"}


def test_advise_answers_in_a_sentence_and_a_table(blurbench: Command, smoked: Path) -> None:
    folder = ["--out", str(smoked), "--classifier", "cnn3[widths=[8, 16, 16]]"]
    text = blurbench("advise", "--blur", "gaussian[sigma=2.4]", *folder).stdout
    assert text.startswith(
        "gaussian[sigma=2.4] was not measured. This is about the nearest measured blur of its family"
    )
    assert "Under gaussian-2 (gaussian[sigma=2]) on digits" in text
    assert "1 seed, so intervals speak of images only" in text
    assert "| remedy" in text
    assert "Out of competition, told the true PSF: deblur-wiener" in text
    content = json.loads(blurbench("advise", "--blur", "gaussian-2", "--no-fit", "--json", *folder).stdout)
    (answer,) = content["answers"]
    assert answer["best"] is None
    assert answer["allowed"] == []
    board = str(smoked / f"boards/{BOARD}.json")
    unknown = blurbench("advise", "--blur", "box[side=3]", "--board", board)
    assert unknown.returncode == 1
    assert "no other blur of its family; measured are: gaussian-2, gaussian-2-sensor" in unknown.stderr


# --- estimators -----------------------------------------------------------------------------------------------------

READING = "kernel-estimation.v1.quick"


def test_an_estimator_of_ones_own_comes_onto_somebody_elses_board(
    blurbench: Command, box: Path, estimated: Path, tmp_path: Path
) -> None:
    chosen = ("--suite", "kernel-estimation", "--dataset", "text", "--test-blur", "ramp", "--estimator", "step-width")
    own = {"PYTHONPATH": str(box)}
    done = blurbench("run", *chosen, "--out", "mine", "-j", "0", **own)
    assert done.returncode == 0, done.stderr
    assert "records: 1 file, " in blurbench("submit", "--out", "mine", "--write", "bundle.zip", **own).stdout
    checked = blurbench("validate", "bundle.zip", **own)
    assert (checked.returncode, checked.stdout.splitlines()[0][:25]) == (0, "Sound: 1 measured cell, 0")
    shutil.copytree(estimated, tmp_path / "theirs")
    lacking = blurbench("leaderboard", "merge", "bundle.zip", "--out", "theirs")
    assert lacking.returncode == 1
    assert "estimator: unknown estimator 'step-width'" in lacking.stdout
    merged = blurbench("leaderboard", "merge", "bundle.zip", "--out", "theirs", **own)
    assert merged.returncode == 0, merged.stderr
    assert f"{READING}: 1 cells added, 0 were here already." in merged.stdout
    text = (tmp_path / "theirs" / "boards" / f"{READING}.md").read_text()
    assert "| step-width " in text
    assert "| laplacian-variance " in text
    told = blurbench("compare", "theirs", "--estimator", "step-width", "--estimator", "constant", "--all")
    assert told.stdout.startswith("1 cells compared: 0 the same")
    assert "squared pixels of sigma: less is better" in told.stdout


def test_boards_of_estimators_are_compared_shown_and_counted(
    blurbench: Command, estimated: Path, tmp_path: Path
) -> None:
    same = blurbench("compare", str(estimated), str(estimated), "--fail-on", "0")
    assert same.returncode == 0, same.stderr
    assert same.stdout.startswith("6 cells compared: 6 the same")
    both = ("--estimator", "constant", "--estimator", "constant[sigma=2]")
    lost = blurbench("compare", str(estimated), *both, "--fail-on", "0.00001", "--json")
    content = json.loads(lost.stdout)
    assert lost.returncode == 1
    assert content["surely_lost"]
    assert [one["test_blur"] for one in content["blocks"]] == ["ramp", "gaussian[sigma=2]"]
    assert f"{READING}: 6 cells, 6 ok" in blurbench("status", "--out", str(estimated)).stdout
    key = next(estimated.glob("records/*/*.json")).stem
    shown = json.loads(blurbench("show", key[:12], "--out", str(estimated)).stdout)
    assert shown["result"]["measured"]["pictures"] == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["advise", "--blur", "gaussian[sigma=2]"],
            f"this command is for boards of classifiers; {READING} is of estimators",
        ),
        (["leaderboard", READING, "--baseline-classifier", "cnn3"], "--baseline-classifier says nothing there"),
        (["submit", "nosuch"], "no board 'nosuch' in "),
    ],
)
def test_what_estimators_have_none_of_is_one_line(
    blurbench: Command, estimated: Path, arguments: list[str], says: str
) -> None:
    result = blurbench(*arguments, "--out", str(estimated))
    assert result.returncode == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_cell_of_an_estimator_is_replayed_and_a_sample_of_its_board_verified(
    blurbench: Command, estimated: Path, tmp_path: Path
) -> None:
    store = Store(shutil.copytree(estimated, tmp_path / "results"))
    replayed = blurbench("verify", "--out", "results", "--sample", "100%")
    assert replayed.returncode == 0, replayed.stderr
    assert f"{READING}: 6 same (6 sampled with seed 0" in replayed.stdout
    manifest = store.records.board(READING)
    assert manifest is not None
    record = store.records.get(next(line.key for line in manifest.lines if line["estimator"] == "laplacian-variance"))
    assert record is not None
    content = json.loads(record.model_dump_json())
    for errors in (content["result"]["measured"][name] for name in ("raw", "smoothed")):
        errors["per_picture"] = [1.5 * value for value in errors["per_picture"]]
        errors["mse"], errors["rmse"] = 1.5 * errors["mse"], 1.5**0.5 * errors["rmse"]
    store.records.put(Record.model_validate(content))
    caught = blurbench("replay", record.key[:12], "--out", "results")
    assert caught.returncode == 1
    assert "NOT the same: a mean squared error of " in caught.stdout


def test_compare_says_which_kind_of_board_it_wants(blurbench: Command, smoked: Path, estimated: Path) -> None:
    mixed = blurbench("compare", str(smoked), str(estimated))
    assert mixed.stderr.endswith("one is a board of estimators and the other of classifiers\n")
    rows = blurbench("compare", str(estimated), "--strategy", "plain", "--strategy", "retrain")
    assert rows.stderr == f"blurbench: {READING} is a board of estimators: name two of its rows with --estimator\n"
    chosen = blurbench("run", "--suite", "smoke", "--estimator", "spectral")
    assert chosen.stderr == "blurbench: suite smoke measures accuracy: --estimator chooses nothing in it\n"


def test_a_published_board_of_estimators_stands_on_the_front_page(
    blurbench: Command, estimated: Path, tmp_path: Path
) -> None:
    shutil.copytree(estimated, tmp_path / "results")
    done = blurbench("leaderboard", "--out", "results", "--publish", "pages")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "pages" / "README.md").read_text()
    assert f"Sigma of a Gaussian read off single pictures]({READING}.md)**\n" in text
    assert "suite kernel-estimation version 1, budget quick; 3 estimators; text (2 pictures)\n" in text
    assert f'<a href="{READING}.md">' in (tmp_path / "pages" / "index.html").read_text()
    cells = json.loads((tmp_path / "pages" / f"{READING}.json").read_text())["cells"]
    assert len(cells) == 6
