"""Sigma maps: the printed errors beside those of estimations."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from blurbench.errors import UsageError
from blurbench.papers import markdown
from blurbench.papers.paper import StoredBoard
from blurbench.papers.report import Report
from blurbench.registry import Registry
from blurbench.store.record import Line
from blurbench.store.store import Store
from tests.builders import estimated, estimator_board

RAW = {("cnn-30", "ramp"): [0.02, 0.04], ("cnn-10", "ramp"): [0.05, 0.07], ("cnn-30", "sine"): [0.03, 0.05]}


def _report(folder: Path, registry: Registry, split: str = "patch", seeds: int = 3, improving: bool = False) -> Report:
    store, lines = Store(folder), []
    store.create()
    for estimator, blur in RAW:
        place = {"dataset": "brodatz-pictures", "test_blur": blur, "estimator": estimator}
        labels = {**place, "fitted_on": "brodatz-pictures", "split": split}
        raw, fit = RAW[estimator, blur], {"images_seen": 80_000, "still_improving": improving}
        for seed in range(seeds):
            key = sha256(f"{estimator} {blur} {seed}".encode()).hexdigest()[:32]
            lines.append(Line(key=key, seed=seed, labels=labels))
            store.records.put(estimated(lines[-1], raw, [value / 2 for value in raw], fit=fit))
    heading = {"suite": "kernel-estimation", "title": "By hand", "budget": "standard", "budget_values": {"epochs": 8}}
    store.records.put_board("by-hand", estimator_board(lines, **heading))
    report: Report = registry.resolve("papers", "patro2017").report(StoredBoard(store, "by-hand", registry))
    return report


def test_errors_of_estimations_stand_beside_the_printed_ones(tmp_path: Path, registry: Registry) -> None:
    table = _report(tmp_path / "results", registry).tables[0]

    ramp = table.at("ramp, 30 classes", "mse")
    assert (ramp.published, ramp.measured, ramp.images) == (0.027, pytest.approx(0.03), 2)
    assert table.at("ramp, 30 classes", "rmse").measured == pytest.approx(0.03**0.5)
    assert table.at("sin, 30 classes, smoothed", "mse").measured == pytest.approx(0.02)


def test_claims_compare_picture_by_picture(tmp_path: Path, registry: Registry) -> None:
    report = _report(tmp_path / "results", registry)

    assert {claim.id: claim.verdict for claim in report.claims} == {
        "s003.c1": "holds",
        "s003.c2": "undecided",
        "s003.c3": "not measured",
        "s003.c4": "not measured",
    }
    assert "The larger network is not published" in markdown.render(report)


def test_another_split_than_the_reports_does_not_stand_in(tmp_path: Path, registry: Registry) -> None:
    table = _report(tmp_path / "results", registry, split="picture").tables[0]

    assert all(cell.measured is None for cell in table.cells)
    assert table.at("ramp, 30 classes", "mse").reason == "budget standard does not have it"


def test_a_board_that_is_not_there_is_one_line(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(UsageError, match="no board 'nowhere'"):
        registry.resolve("papers", "patro2017").report(StoredBoard(Store(tmp_path), "nowhere", registry))


def test_the_patches_that_a_fit_was_shown_are_counted(tmp_path: Path, registry: Registry) -> None:
    sizes = {size.what: size.here for size in _report(tmp_path / "results", registry).sizes}

    assert sizes["training images"] == "all pictures"
    assert sizes["patches shown in a fit"] == "80,000 (cnn-30), 80,000 (cnn-10)"
    assert sizes["fits still improving"] == "0 of 2"


@pytest.mark.parametrize(
    ("given", "verdict"), [({"seeds": 1}, "undecided: one seed"), ({"improving": True}, "undecided: cut short")]
)
def test_one_seed_and_fits_still_improving_decide_nothing(
    given: dict[str, int], verdict: str, tmp_path: Path, registry: Registry
) -> None:
    claims = {claim.id: claim for claim in _report(tmp_path / "results", registry, **given).claims}

    assert claims["s003.c1"].verdict == verdict
