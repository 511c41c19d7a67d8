"""Reading a board for a paper."""

from __future__ import annotations

from pathlib import Path

from blurbench.papers.findings import Findings, Found, Place
from blurbench.papers.paper import StoredBoard
from blurbench.registry import Registry
from tests.builders import PaperBoard


def test_a_cell_measured_on_other_test_images_than_the_rest_stands_in_no_table(
    board: PaperBoard, tmp_path: Path
) -> None:
    board.seeds = 1
    for strategy in ("plain", "retrain", "odd"):
        board.cell("digits", strategy, "", "none")
    (key,) = [line.key for line in board.lines if line["strategy"] == "odd"]
    odd = board.records[key]
    images = odd.accuracy.images.model_copy(update={"label": [2] * 200, "predicted": [2] * 200})
    board.records[key] = odd.model_copy(update={"result": odd.accuracy.model_copy(update={"images": images})})
    cells = StoredBoard(*board.stored(tmp_path / "results"), Registry()).cells()
    findings = Findings(cells.manifest, cells.records)
    assert isinstance(findings.find(Place("digits", "plain", "", "none")), Found)
    refused = findings.find(Place("digits", "odd", "", "none"))
    assert refused == "failed: refused: its test labels are not those of 2 other records of digits"


def test_networks_that_learnt_nothing_are_named_with_their_seeds(board: PaperBoard) -> None:
    board.seeds, labels = 1, [0, 1] * 100
    for seed in range(3):
        dead = {"labels": labels, "predicted": [1] * 200 if seed == 1 else labels, "seed": seed}
        board.cell(
            "digits",
            "unet",
            "soft",
            "soft",
            hits="1" * (100 if seed == 1 else 200) + "0" * (100 if seed == 1 else 0),
            **dead,
        )
        board.cell("digits", "plain", "", "none", seed=seed)
    assert list(board.findings().of_one_class()) == ["unet on soft, tested on soft of digits, in 1 of 3 seeds"]
