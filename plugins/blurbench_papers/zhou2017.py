"""Zhou, Song and Cheung 2017: Table 1 and the level curves of figures 6 and 7."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from blurbench import hookimpl
from blurbench.contract import Paper
from blurbench.papers.filling import above, fill, lookup, measured, near
from blurbench.papers.findings import Findings, Found, Place
from blurbench.papers.paper import CellPaper, Claim
from blurbench.papers.published import Anchor, Statement
from blurbench.papers.report import Comparison, Curve, Filled, Table
from blurbench_papers.printed import CIFAR_COPIES, anchors, statements

__all__ = ["Zhou2017"]

DISTORTIONS = ("motion", "defocus", "noise", "combined")
BLURS = DISTORTIONS[:2]
"""Those of figure 8."""
LEVELS = (1, 2, 3, 4)
MNIST, CIFAR, IMAGENET = "mnist", "cifar10", "imagenet"
UNITS = {MNIST: 4, CIFAR: 5}
CLEAR, MUCH, LITTLE = 1.0, 5.0, {MNIST: 1.0, CIFAR: 2.0}
"""Points: what counts as a clear gain, as a large loss, and as about the same."""
CLOSE = 0.2
"""Share of the clean value within which feature gradients count as about the same."""


def place(dataset: str, strategy: str, distortion: str, level: int) -> Place:
    """A row at one level, fitted to it where it is fitted to any."""
    blur = f"{distortion}-{level}" if level else "none"
    return Place(dataset, strategy, "" if strategy == "plain" else blur, blur)


def first(n: int) -> str:
    return f"first-n[n={n}]"


# --- tables and curves ---------------------------------------------------------------------------------------------


def _alexnet(anchor: Anchor) -> tuple[Place, str]:
    row, blur = anchor.column.split("_")
    strategy, fitted = ("plain", "") if row == "original" else (first(3), "combined-random")
    test_blur = "none" if blur == "clean" else "combined-random"
    return Place(IMAGENET, strategy, fitted, test_blur), anchor.row.removesuffix("_error")


def tables(findings: Findings, anchors: tuple[Anchor, ...]) -> tuple[Table, ...]:
    """Table 1, and the errors behind figures 6 and 7, of which the paper prints no figures."""
    cells = [
        fill(findings, anchor, _alexnet(anchor), of=lambda value: 100 * (1 - value))
        for anchor in lookup(anchors, "Table 1")
    ]
    columns = tuple(dict.fromkeys(cell.column for cell in cells))
    table1 = Table(
        "Table 1", "error of AlexNet on ImageNet, first 3 layers fine-tuned", "percent", columns, tuple(cells)
    )
    levels = (_levels(findings, dataset) for dataset in findings.datasets if dataset != IMAGENET)
    figure8 = _figure8(findings)
    return (table1, *levels, *((figure8,) if figure8.cells else ()))


def _strategies(findings: Findings, dataset: str) -> list[str]:
    known = dict.fromkeys(line["strategy"] for line in findings.manifest.lines if line["dataset"] == dataset)
    return [name for name in known if "on=clean" not in name]


def _levels(findings: Findings, dataset: str) -> Table:
    strategies = _strategies(findings, dataset)
    cells = [
        measured(
            findings,
            Filled(f"{distortion}, level {level}", strategy),
            (place(dataset, strategy, distortion, level), "top1"),
            lambda value: 100 * (1 - value),
        )
        for distortion in DISTORTIONS
        for level in LEVELS
        for strategy in strategies
    ]
    clean = findings.find(Place(dataset, "plain", "", "none"))
    value = clean.mean("top1") if isinstance(clean, Found) else None
    notes = (f"without distortion {100 * (1 - value):.2f}",) if value is not None else ()
    have = tuple(cell for cell in cells if cell.measured is not None)
    figure = {MNIST: "Figure 6", CIFAR: "Figure 7"}.get(_name(findings, dataset), "Not in the paper")
    return Table(figure, f"error on {dataset}, no figures printed", "percent", tuple(strategies), have, notes=notes)


def _name(findings: Findings, dataset: str) -> str:
    """The paper's data set that a label stands for."""
    return next((name for name, others in findings.stand_ins.items() if dataset in others), dataset)


def _figure8(findings: Findings) -> Table:
    rows = {f"{distortion}, level {level}": (distortion, level) for distortion in BLURS for level in LEVELS}
    cells = [
        measured(findings, Filled(row, strategy), (place(CIFAR, strategy, *at), "feature_gradients"))
        for row, at in {"clean": ("", 0), **rows}.items()
        for strategy in ("plain", first(3), "retrain")
        if strategy == "plain" or row != "clean"
    ]
    have = tuple(cell for cell in cells if cell.measured is not None)
    title = f"variance of gradient magnitude, mean over maps of conv3, on {have[0].dataset if have else CIFAR}"
    return Table("Figure 8", f"{title}, no figures printed", "variance", ("plain", first(3), "retrain"), have)


def curves(findings: Findings) -> tuple[Curve, ...]:
    """Error over levels 0 to 4: a panel for each distortion of each data set."""
    panels = []
    for dataset in findings.datasets:
        for distortion in DISTORTIONS:
            lines = {
                strategy: _line(findings, dataset, strategy, distortion) for strategy in _strategies(findings, dataset)
            }
            have = {name: line for name, line in lines.items() if any(value is not None for value in line[1:])}
            if have:
                panels.append(Curve(f"{dataset}, {distortion}", (0, *LEVELS), have))
    return tuple(panels)


def _line(findings: Findings, dataset: str, strategy: str, distortion: str) -> tuple[float | None, ...]:
    values: list[float | None] = []
    for level in (0, *LEVELS):
        found = findings.find(place(dataset, strategy if level else "plain", distortion, level))
        top1 = found.mean("top1") if isinstance(found, Found) else None
        values.append(None if top1 is None else 100 * (1 - top1))
    return tuple(values)


# --- claims --------------------------------------------------------------------------------------------------------


def _c1(findings: Findings) -> Iterator[Comparison]:
    for worse in ("defocus", "combined"):
        for milder in ("motion", "noise"):
            one, other = (place(MNIST, "plain", name, LEVELS[-1]) for name in (milder, worse))
            yield above(
                findings, f"MNIST, level 4: {worse} costs more than {milder}", (one, "top1"), (other, "top1"), MUCH
            )


def _c2(findings: Findings) -> Iterator[Comparison]:
    for distortion in DISTORTIONS[:3]:
        clean, blurred = place(CIFAR, "plain", "", 0), place(CIFAR, "plain", distortion, LEVELS[-1])
        yield above(findings, f"CIFAR-10, level 4: {distortion} costs", (clean, "top1"), (blurred, "top1"), MUCH)


def _c3(findings: Findings) -> Iterator[Comparison]:
    for dataset in UNITS:
        for distortion in DISTORTIONS:
            plain = place(dataset, "plain", distortion, LEVELS[-1])
            loss = above(findings, "", (place(dataset, "plain", "", 0), "top1"), (plain, "top1"))
            if loss.interval is not None and loss.interval.low <= CLEAR:
                continue
            for strategy in (first(UNITS[dataset]), "retrain"):
                name = f"{dataset}, {distortion}, level 4: {strategy} gains"
                yield above(
                    findings, name, (place(dataset, strategy, distortion, LEVELS[-1]), "top1"), (plain, "top1"), CLEAR
                )


def _c4(findings: Findings) -> Iterator[Comparison]:
    for dataset, units in UNITS.items():
        for distortion in DISTORTIONS:
            for level in LEVELS:
                for n in range(4, units + 1):
                    one, other = (place(dataset, first(each), distortion, level) for each in (n, 3))
                    name = f"{dataset}, {distortion}, level {level}: first-{n} about first-3"
                    yield near(findings, name, (one, "top1"), (other, "top1"), LITTLE[dataset])


def _c5(findings: Findings) -> Iterator[Comparison]:
    for dataset in UNITS:
        for distortion in DISTORTIONS[:3]:
            low = next((level for level in LEVELS if _is_measured(findings, dataset, distortion, level)), LEVELS[0])
            tuned, anew = (place(dataset, strategy, distortion, low) for strategy in (first(3), "retrain"))
            name = f"{dataset}, {distortion}, level {low}: first-3 about re-trained"
            yield near(findings, name, (tuned, "top1"), (anew, "top1"), LITTLE[dataset])
        for distortion in DISTORTIONS:
            tuned, anew = (place(dataset, strategy, distortion, LEVELS[-1]) for strategy in (first(3), "retrain"))
            name = f"{dataset}, {distortion}, level 4: re-trained over first-3"
            yield above(findings, name, (anew, "top1"), (tuned, "top1"))


def _is_measured(findings: Findings, dataset: str, distortion: str, level: int) -> bool:
    return isinstance(findings.find(place(dataset, first(3), distortion, level)), Found)


def _c6(findings: Findings) -> Iterator[Comparison]:
    for metric, least in (("top1", CLEAR), ("top5", CLEAR)):
        plain, tuned = (
            Place(IMAGENET, *row, "combined-random") for row in (("plain", ""), (first(3), "combined-random"))
        )
        yield above(findings, f"AlexNet, distorted: first-3 gains, {metric}", (tuned, metric), (plain, metric), least)
        plain, tuned = (Place(IMAGENET, *row, "none") for row in (("plain", ""), (first(3), "combined-random")))
        yield near(findings, f"AlexNet, clean: first-3 stays, {metric}", (tuned, metric), (plain, metric), CLEAR)


def _c7(findings: Findings) -> Iterator[Comparison]:
    metric = "feature_gradients"
    clean = place(CIFAR, "plain", "", 0)
    found = findings.find(clean)
    value = found.mean(metric) if isinstance(found, Found) else None
    for blur in BLURS:
        rows = {strategy: place(CIFAR, strategy, blur, LEVELS[-1]) for strategy in ("plain", first(3), "retrain")}
        name = f"CIFAR-10, {blur}, level 4"
        yield above(findings, f"{name}: clean above no_train", (clean, metric), (rows["plain"], metric))
        margin = CLOSE * (value or 0.0)
        yield near(findings, f"{name}: first-3 about clean", (rows[first(3)], metric), (clean, metric), margin)
        yield above(findings, f"{name}: re-trained above clean", (rows["retrain"], metric), (clean, metric))


CLAIMS: Mapping[str, Claim[Findings]] = {
    "s002.c1": Claim(f"top-1 without any remedy differs by more than {MUCH:g} points at level 4", 4, _c1),
    "s002.c2": Claim(f"each costs more than {MUCH:g} points at level 4", 3, _c2),
    "s002.c3": Claim(f"gains more than {CLEAR:g} point at level 4, where more than that was lost", 16, _c3),
    "s002.c4": Claim("top-1 within 1 point of first-3 on MNIST, within 2 on CIFAR-10", 48, _c4),
    "s002.c5": Claim("within 1 point (MNIST) or 2 (CIFAR-10) at the lowest level; above 0 points at level 4", 14, _c5),
    "s002.c6": Claim("gains more than 1 point distorted, stays within 1 point clean", 4, _c6),
    "s002.c7": Claim(
        f"at level 4: clean above no_train, first-3 within {100 * CLOSE:.0f}% of clean, re-trained above clean",
        6,
        _c7,
    ),
}


@dataclass(frozen=True)
class Zhou2017(CellPaper):
    """First layers fine-tuned, or all fitted anew, to one level of one distortion."""

    paper = "Zhou, Song and Cheung 2017, classify distorted images with networks fine-tuned or fitted anew"
    suite = "distortions"
    sizes: ClassVar[Mapping[str, str]] = {
        "training images": "60,000 of MNIST, 50,000 of CIFAR-10 (none validates)",
        "test images": "10,000 of each",
        "classifier epochs": "20 on MNIST, 45 on CIFAR-10, as in MatConvNet's examples",
        "fine-tuning epochs": "15 on MNIST, 30 on CIFAR-10",
        "recipes": "gradient descent with momentum; 1e-3 and 1e-5 on MNIST, steps from 0.05 and 5e-4 on CIFAR-10",
        "seeds": "one, as far as is told",
        "classifiers": "lenet-mcn, cifar10-quick",
    }
    notes = (
        "How the random walk is drawn, the padding, and that all parts of a combination share one level are assumed.",
        "The recipes of every budget but `paper` are short ones: Adam, one cycle of the learning rate.",
        "Beside every first-n row the suite has the same further epochs on clean images; see the board.",
    )
    stand_ins: ClassVar[Mapping[str, Mapping[str, str]]] = {CIFAR: CIFAR_COPIES}
    fine_tuning = ("first-n",)
    unit_of_curves = "error, %"

    def anchors(self) -> tuple[Anchor, ...]:
        return anchors("002")

    def statements(self) -> tuple[Statement, ...]:
        return statements("002")

    def tables(self, evidence: Findings) -> tuple[Table, ...]:
        return tables(evidence, self.anchors())

    def claims(self) -> Mapping[str, Claim[Findings]]:
        return CLAIMS

    def curves(self, findings: Findings) -> tuple[Curve, ...]:
        return curves(findings)


@hookimpl
def register_papers(register: Callable[[str, type[Paper]], None]) -> None:
    register("zhou2017", Zhou2017)
