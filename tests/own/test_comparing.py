"""Runs compared, and a researcher's own answers against a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

import blurbench as bb
from blurbench.board.outcomes import outcomes_of
from blurbench.cli.app import app
from blurbench.errors import UsageError
from blurbench.metrics.intervals import difference_interval
from blurbench.own.comparing import compare_answers
from tests.builders import Board
from tests.own.digits import TEST, digits, network

BLUR = "gaussian[sigma=2]"


def worse() -> torch.nn.Sequential:
    net = network()
    with torch.no_grad():
        net[2].bias[3] += 3
    return net


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[bb.Run, bb.Run]:
    images, labels = digits()
    data = images[:TEST], labels[:TEST]
    out = tmp_path_factory.mktemp("runs")
    first = bb.evaluate(network(), data, blurs=BLUR, strategies="bn-adapt", out=out / "a")
    return first, bb.evaluate(worse(), data, blurs=BLUR, strategies="bn-adapt", out=out / "b")


def hits(run: bb.Run, **labels: str) -> Any:
    images = run.images(**labels)
    return (images.label == images.predicted).to_numpy().astype(float)


def one(frame: pd.DataFrame, **values: str) -> Any:
    (row,) = frame[(frame[list(values)] == pd.Series(values)).all(axis=1)].itertuples()
    return row


def test_a_change_is_paired_image_by_image(runs: tuple[bb.Run, bb.Run]) -> None:
    row = one(bb.compare(*runs), of="block", row="plain", test_blur=BLUR)
    before, after = (hits(run, strategy="plain", test_blur=BLUR) for run in runs)
    assert (row.before, row.after) == pytest.approx((before.mean(), after.mean()))
    wanted = difference_interval((after - before)[None])
    assert (row.change, row.change_low, row.change_high) == pytest.approx((wanted.estimate, wanted.low, wanted.high))
    assert row.change < 0


def test_it_is_what_the_command_says_of_the_folders(runs: tuple[bb.Run, bb.Run]) -> None:
    folders = [str(run.session.store.root) for run in runs]
    said = json.loads(CliRunner().invoke(app, ["compare", "--json", *folders]).stdout)
    for frame in (bb.compare(*folders), bb.compare(runs[0].board(), runs[1]), bb.compare(runs[0], folders[1])):
        for part, name in (("overall", "blurred"), ("clean", "sharp"), ("blocks", "block")):
            assert [change["change"]["low"] for change in said[part]] == frame[frame.of == name].change_low.tolist()
            assert said[part]


def test_networks_of_different_names_are_compared_where_there_is_one_on_each_side(runs: tuple[bb.Run, bb.Run]) -> None:
    images, labels = digits()

    def renamed(images: Tensor) -> Tensor:
        logits: Tensor = worse().eval()(images)
        return logits

    other = bb.evaluate(renamed, (images[:TEST], labels[:TEST]), blurs=BLUR)
    frame = bb.compare(runs[0], other)
    assert set(frame.classifier) == {"renamed against Sequential"}
    wanted = one(bb.compare(*runs), of="block", row="plain", test_blur=BLUR)
    assert one(frame, of="block", row="plain", test_blur=BLUR).change == pytest.approx(wanted.change)
    missing = frame[frame.reason == "only the first has it"]
    assert set(missing.row) == {"bn-adapt"}


def test_two_rows_of_one_run(runs: tuple[bb.Run, bb.Run]) -> None:
    row = one(bb.compare(runs[0], strategies=("plain", "bn-adapt")), of="block", test_blur=BLUR)
    before, after = (hits(runs[0], strategy=name, test_blur=BLUR) for name in ("plain", "bn-adapt"))
    assert row.change == pytest.approx((after - before).mean())
    with pytest.raises(UsageError, match="give two runs, boards or results folders"):
        bb.compare(runs[0])


def test_a_published_board_says_what_it_lacks() -> None:
    published = bb.open_board(Path(__file__).parents[2] / "leaderboard/adaptation.v1.quick.json")
    with pytest.raises(UsageError, match="the published board adaptation cannot be compared image by image"):
        bb.compare(published, published)


# --- own logits ----------------------------------------------------------------------------------------------------


def test_own_logits_for_the_test_images_are_held_against_a_row(runs: tuple[bb.Run, bb.Run]) -> None:
    images, labels = runs[0].test_images(test_blur=BLUR)
    assert labels.tolist() == digits()[1][:TEST].tolist()
    with torch.inference_mode():
        logits = worse().eval()(images)
    found = one(runs[0].compare_logits(logits, "mine", strategy="plain", test_blur=BLUR))
    wanted = one(bb.compare(*runs), of="block", row="plain", test_blur=BLUR)
    assert found.row == "mine against plain"
    assert (found.after, found.change_low, found.change_high) == pytest.approx(
        (wanted.after, wanted.change_low, wanted.change_high)
    )
    as_array = one(runs[0].compare_logits(logits.numpy(), strategy="plain", test_blur=BLUR))
    assert as_array.change == found.change


def test_seeds_have_answers_of_their_own_or_share_them() -> None:
    board = Board()
    for seed, right in enumerate(("1100", "1110")):
        board.cell("move", "plain", hits=right, seed=seed, truth=1)
    side = outcomes_of(board.manifest, board.records, {})
    classes = np.array([[1, 1, 1, 0], [1, 1, 1, 1]])
    own = compare_answers(side, np.eye(2)[classes], {"test_blur": "move"}, "mine").iloc[0]
    assert (own.before, own.after) == (0.625, 0.875)
    shared = compare_answers(side, np.eye(2)[classes[0]], {"test_blur": "move"}, "mine").iloc[0]
    assert (shared.after, shared.seeds) == (0.75, (0, 1))


@pytest.mark.parametrize(
    ("logits", "labels", "says"),
    [
        (np.zeros((TEST, 10)), {}, r"name one measured row by its labels; 4 have no labels: plain on"),
        (np.zeros((TEST, 10)), {"strategy": "plane"}, "0 have strategy='plane'"),
        (np.zeros((TEST, 10)), {"blur": BLUR}, "unknown axis 'blur'; known: dataset, classifier, test_blur"),
        (np.zeros((TEST - 1, 10)), {"strategy": "plain", "test_blur": BLUR}, r"give logits \(120, classes\), for the"),
        (
            np.zeros((TEST, 9)),
            {"strategy": "plain", "test_blur": BLUR},
            "of 9 classes, and the test images have labels",
        ),
        (np.full((TEST, 10), np.nan), {"strategy": "plain", "test_blur": BLUR}, "the logits hold NaN"),
    ],
)
def test_what_cannot_be_paired_is_said_in_one_line(
    runs: tuple[bb.Run, bb.Run], logits: Any, labels: dict[str, str], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        runs[0].compare_logits(logits, **labels)


def test_test_images_are_of_one_data_set_and_blur(runs: tuple[bb.Run, bb.Run]) -> None:
    with pytest.raises(UsageError, match="name one data set and test blur by their labels; 2 have no labels"):
        runs[0].test_images()
