"""Patro 2017: sigma maps of section 4. Its measurements are estimations, not cells of a classifier's matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from blurbench import hookimpl
from blurbench.contract import Paper
from blurbench.papers.estimations import EstimationPaper, Estimations, Reading, fill, over, over_pictures, unmeasured
from blurbench.papers.paper import Claim
from blurbench.papers.published import Anchor, Statement
from blurbench.papers.report import Comparison, Filled, Table
from blurbench_papers.printed import anchors, statements

__all__ = ["Patro2017"]

FITTED_ON, SPLIT, TESTED_ON = "brodatz-pictures", "patch", "brodatz-pictures"
"""The report cuts patches of the same pictures into training and test ones."""


def reading(estimator: str, blur: str, *, smoothed: bool = False, dataset: str = TESTED_ON) -> Reading:
    """A printed figure's place: which estimator under which blur."""
    return Reading(estimator, FITTED_ON, SPLIT, dataset, blur, smoothed)


READINGS = {
    "ramp, 10 classes": reading("cnn-10", "ramp"),
    "ramp, 30 classes": reading("cnn-30", "ramp"),
    "ramp, 30 classes, smoothed": reading("cnn-30", "ramp", smoothed=True),
    "sin, 30 classes, raw": reading("cnn-30", "sine"),
    "sin, 30 classes, smoothed": reading("cnn-30", "sine", smoothed=True),
}


# --- tables --------------------------------------------------------------------------------------------------------


def _sigma_table(found: Estimations, printed: tuple[Anchor, ...]) -> Table:
    rows = [anchor for anchor in printed if anchor.id == "s003.sigma"]
    notes = (
        "the smoothed ramp's printed error cannot come from a moving average of a map of 30 steps: even a perfect "
        "classifier's is larger",
        "in squared pixels (mse) and pixels (rmse) of sigma; patches of the same pictures train and test, as there",
    )
    cells = tuple(
        fill(found, anchor, READINGS[anchor.row], "mse" if anchor.column == "mse" else "rmse") for anchor in rows
    )
    return Table("Section 4.2", "error of sigma maps", "pixels of sigma", ("mse", "rmse"), cells, "{:.4g}", notes)


def _other_table(found: Estimations, printed: tuple[Anchor, ...]) -> Table:
    rows = [anchor for anchor in printed if anchor.id in ("s003.acc", "s003.params")]
    cells = tuple(_other_cell(found, anchor) for anchor in rows)
    columns = tuple(dict.fromkeys(cell.column for cell in cells))
    return Table("Sections 3.3 and 4.1", "accuracies and parameters", "percent and numbers", columns, cells, "{:.7g}")


def _other_cell(found: Estimations, anchor: Anchor) -> Filled:
    """Parameters, and the accuracy on patches that were held out of the patch split; the rest is not measured."""
    empty = Filled(anchor.row, anchor.column, anchor.best)
    records = found.find(READINGS["ramp, 30 classes"])
    if anchor.column not in ("params", "val_acc"):
        return replace(empty, reason="only told in rough words, or of a network that is not published")
    if isinstance(records, str):
        return replace(empty, reason=records)
    counted = anchor.column == "params"
    values = [
        record.estimation.parameters if counted else _validation_accuracy(record.estimation.fit) for record in records
    ]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return replace(empty, reason="the records do not hold it")
    keys = tuple(record.key for record in records)
    return replace(empty, measured=sum(known) / len(known), dataset=FITTED_ON, seeds=len(known), records=keys)


def _validation_accuracy(fit: Mapping[str, Any]) -> float | None:
    """Percent at the end of a fit."""
    shares = fit.get("validation_accuracy")
    return 100 * float(shares[-1]) if shares else None


# --- claims --------------------------------------------------------------------------------------------------------


def _c1(found: Estimations) -> Iterator[Comparison]:
    yield over(found, "ramp: 10 classes over 30", READINGS["ramp, 10 classes"], READINGS["ramp, 30 classes"])


def _c2(found: Estimations) -> Iterator[Comparison]:
    for blur in ("ramp", "sine"):
        yield over(found, f"{blur}: raw over smoothed", reading("cnn-30", blur), reading("cnn-30", blur, smoothed=True))


def _c4(found: Estimations) -> Iterator[Comparison]:
    """Flat windows under the ramp, whose true sigma is anything: what is read there too much, picture by picture."""
    for pictures in ("text", "photographs"):
        empty = Comparison(f"{pictures}: flat windows read above the truth", "pixels", 0.0)
        at = reading("cnn-30", "ramp", dataset=pictures)
        records = found.find(at)
        if isinstance(records, str):
            yield unmeasured(found, empty, at, records)
            continue
        values = [record.estimation.measured.flat_biases for record in records]
        if len(values[0]) < 2:
            yield replace(empty, reason="fewer than two pictures have flat windows")
            continue
        yield over_pictures(empty, values, records)


CLAIMS: Mapping[str, Claim[Estimations]] = {
    "s003.c1": Claim("the error differs by more than 0", 1, _c1),
    "s003.c2": Claim("the error differs by more than 0", 2, _c2, "of natural pictures no true map is known"),
    "s003.c3": Claim("none", 0, lambda found: (), "the larger network is not published"),
    "s003.c4": Claim("flat windows are read above the truth", 2, _c4, "borders of objects are not measured"),
}


@dataclass(frozen=True)
class Patro2017(EstimationPaper):
    """Errors of sigma maps, and what flat windows are read as."""

    paper = "Patro 2017, blur kernel estimation as classification of patches (IIT Kharagpur)"
    suite = "kernel-estimation"
    sizes: ClassVar[Mapping[str, str]] = {
        "training images": "patches of 80 Brodatz textures: 168,000 (30 classes), 224,000 (10)",
        "patches shown in a fit": "up to 84 million (30 classes), 112 million (10): all of them in each epoch",
        "test pictures": "not told for the maps",
        "epochs": "up to 500",
        "seeds": "one, as far as is told",
        "recipes": "Adagrad, 1e-3",
        "estimators": "8 convolutions and 4 linear layers, 3.27 million parameters",
    }
    notes = ("Estimators that ship fitted, and other ways to split, are on the board of the suite.",)

    def anchors(self) -> tuple[Anchor, ...]:
        return anchors("003")

    def statements(self) -> tuple[Statement, ...]:
        return statements("003")

    def tables(self, evidence: Estimations) -> tuple[Table, ...]:
        return _sigma_table(evidence, self.anchors()), _other_table(evidence, self.anchors())

    def claims(self) -> Mapping[str, Claim[Estimations]]:
        return CLAIMS


@hookimpl
def register_papers(register: Callable[[str, type[Paper]], None]) -> None:
    register("patro2017", Patro2017)
