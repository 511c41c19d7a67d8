"""Shen, Huang, Zhang and Xu 2022: Tables 3 to 6 and the abstract's means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from blurbench import hookimpl
from blurbench.contract import Paper
from blurbench.papers.filling import above, fill, lookup, measured
from blurbench.papers.findings import Findings, Place
from blurbench.papers.paper import CellPaper, Claim
from blurbench.papers.published import Anchor, Statement
from blurbench.papers.report import Comparison, Filled, Table
from blurbench_papers.printed import anchors, statements

__all__ = ["Shen2022"]

NUMBER = "000"
DATASETS = {"Fashion-MNIST": "fashion-mnist", "USPS": "usps", "EMNIST": "emnist-balanced"}
BLURS = {"G": "gauss9", "M": "move9"}
NETWORKS = {"UNet": "unet", "Reverse-UNet": "reverse"}
COLUMNS = ("blurry", "restored", "restored_transfer")
PRINTED_SHARE = 10
"""Their programme adds up means of batches of 10 images and divides by the number of images."""


def place(dataset: str, blur: str, column: str, network: str) -> Place:
    """The cell of a printed column."""
    letters = "" if dataset == "emnist-balanced" else "-letters"  # on EMNIST both columns are the same fit
    strategy = {
        "blurry": "retrain",
        "restored": f"deblur-{network}",
        "restored_transfer": f"deblur-{network}{letters}",
    }[column]
    return Place(dataset, strategy, blur, blur)


def _target(anchor_row: str, column: str, network: str, quality: bool) -> tuple[Place, str]:
    name, letter = anchor_row.rstrip(")").split("(")
    return _cell(DATASETS[name], BLURS[letter], column, network, quality)


def _cell(dataset: str, blur: str, column: str, network: str, quality: bool) -> tuple[Place, str]:
    metric = ("blurred_mse" if column == "blurry" else "restored_mse") if quality else "top1"
    return place(dataset, blur, column, network), metric


def _table(findings: Findings, anchors: tuple[Anchor, ...], source: str, network: str) -> Table:
    quality = source in ("Table 3", "Table 4")
    label = next(name for name, value in NETWORKS.items() if value == network)
    scale = 1.0 if quality else 100.0
    cells = [
        fill(findings, anchor, _target(anchor.row, anchor.column, network, quality), of=lambda value: scale * value)
        for anchor in lookup(anchors, source)
    ]
    cells += [
        measured(findings, Filled(f"{dataset}({letter})", column), _cell(dataset, blur, column, network, quality), by)
        for dataset in findings.datasets
        if dataset not in DATASETS.values()
        for letter, blur in BLURS.items()
        for column in COLUMNS
        for by in [lambda value: scale * value]
    ]
    what = "mean squared error" if quality else "top-1"
    notes = (
        f"true mean over pixels and images; in brackets what the paper prints, a {PRINTED_SHARE}th of it"
        if quality
        else "G: Gaussian, M: move blur after it",
    )
    unit = "MSE on the 0..1 scale" if quality else "percent"
    return Table(
        source,
        f"{what}, {label}",
        unit,
        COLUMNS,
        tuple(cells),
        "{:.2e}" if quality else "{:.2f}",
        notes,
        PRINTED_SHARE if quality else None,
    )


def _beside(findings: Findings) -> Table:
    """What the paper did not try, on the same images."""
    columns = {
        "not fitted to blur": ("plain", ""),
        "fitted to blur": ("retrain", None),
        "U-Net, then fitted": ("deblur-unet", None),
        "U-Net fitted on glyphs, then fitted": ("deblur-unet-glyphs", None),
        "U-Net of 3x3 kernels, then fitted": ("deblur-unet-3", None),
        "U-Net before the clean classifier": ("unet-before-plain", None),
        "Reverse U-Net, then fitted": ("deblur-reverse", None),
    }
    cells = [
        measured(
            findings,
            Filled(f"{dataset}({letter})", column),
            (Place(dataset, strategy, blur if fitted is None else fitted, blur), "top1"),
            lambda value: 100 * value,
        )
        for dataset in findings.datasets
        for letter, blur in BLURS.items()
        for column, (strategy, fitted) in columns.items()
    ]
    return Table("Beside the paper", "top-1 of what it did not try", "percent", tuple(columns), tuple(cells))


def _headline(findings: Findings, anchors: tuple[Anchor, ...], tables: list[Table]) -> Table:
    """The abstract's means over Fashion-MNIST and USPS, EMNIST left out."""
    table5 = tables[2]
    rows = [f"{name}({letter})" for name in ("Fashion-MNIST", "USPS") for letter in BLURS]
    cells = []
    means: dict[str, float] = {}
    for anchor in lookup(anchors, "abstract"):
        if anchor.column == "gain":
            value = means.get("restored_transfer", float("nan")) - means.get("blurry", float("nan"))
            reason = "" if value == value else "it needs both means"
        else:
            values = [table5.at(row, anchor.column).measured for row in rows]
            have = [value for value in values if value is not None]
            reason = "" if len(have) == len(rows) else f"{len(have)} of {len(rows)} rows were measured"
            value = sum(have) / len(rows)
            if not reason:
                means[anchor.column] = value
        cells.append(
            Filled(
                "mean of four rows",
                anchor.column,
                anchor.best,
                anchor.value,
                None if reason else value,
                reason=reason,
            )
        )
    columns = tuple(cell.column for cell in cells)
    notes = ("the paper says `all test datasets`; its figures are the means over Fashion-MNIST and USPS alone",)
    return Table("Abstract", "mean top-1, U-Net", "percent", columns, tuple(cells), notes=notes)


def tables(findings: Findings, anchors: tuple[Anchor, ...]) -> tuple[Table, ...]:
    """Tables 3 to 6, the abstract's means, and what stands beside them."""
    sources = {"Table 3": "unet", "Table 4": "reverse", "Table 5": "unet", "Table 6": "reverse"}
    found = [_table(findings, anchors, source, network) for source, network in sources.items()]
    return (*found, _headline(findings, anchors, found), _beside(findings))


# --- claims --------------------------------------------------------------------------------------------------------


def _rows(names: tuple[str, ...] = tuple(DATASETS)) -> Iterator[tuple[str, str, str]]:
    for name in names:
        for letter, blur in BLURS.items():
            yield f"{name}({letter})", DATASETS[name], blur


def _c1(findings: Findings) -> Iterator[Comparison]:
    for row, dataset, blur in _rows():
        for column in COLUMNS[1:]:
            yield above(
                findings,
                f"{row}: {column} over blurry",
                (place(dataset, blur, column, "unet"), "top1"),
                (place(dataset, blur, "blurry", "unet"), "top1"),
            )


def _c2(findings: Findings) -> Iterator[Comparison]:
    for row, dataset, blur in _rows():
        for column in COLUMNS[1:]:
            yield above(
                findings,
                f"{row}: UNet over Reverse-UNet, {column}",
                (place(dataset, blur, column, "unet"), "top1"),
                (place(dataset, blur, column, "reverse"), "top1"),
            )


def _c3(findings: Findings) -> Iterator[Comparison]:
    for label, network in NETWORKS.items():
        for row, dataset, blur in _rows():
            for column in COLUMNS[1:]:
                at = place(dataset, blur, column, network)
                yield above(
                    findings,
                    f"{row}: blurry over {column} of {label}",
                    (at, "blurred_mse"),
                    (at, "restored_mse"),
                )


def _c4(findings: Findings) -> Iterator[Comparison]:
    for name, dataset in DATASETS.items():
        gauss, move = (place(dataset, blur, "blurry", "unet") for blur in BLURS.values())
        yield above(findings, f"{name}: blurry MSE, M over G", (move, "blurred_mse"), (gauss, "blurred_mse"))
        yield above(findings, f"{name}: blurry top-1, G over M", (gauss, "top1"), (move, "top1"))


def _transfer(findings: Findings, metric: str, margin: float) -> Iterator[Comparison]:
    for label, network in NETWORKS.items():
        for row, dataset, blur in _rows(("Fashion-MNIST", "USPS")):
            yield above(
                findings,
                f"{row}: transfer over same data set, {label}",
                (place(dataset, blur, "restored_transfer", network), metric),
                (place(dataset, blur, "restored", network), metric),
                margin,
            )


def _c7(findings: Findings) -> Iterator[Comparison]:
    for row, dataset, blur in _rows():
        nine, three = (Place(dataset, strategy, blur, blur) for strategy in ("deblur-unet", "deblur-unet-3"))
        yield above(findings, f"{row}: MSE of 3x3 over 9x9", (three, "restored_mse"), (nine, "restored_mse"))


CLAIMS: Mapping[str, Claim[Findings]] = {
    "s000.c1": Claim("top-1 differs by more than 0 points", 12, _c1),
    "s000.c2": Claim("top-1 differs by more than 0 points", 12, _c2),
    "s000.c3": Claim("mean squared error differs by more than 0", 24, _c3),
    "s000.c4": Claim("error and top-1 differ by more than 0", 6, _c4),
    "s000.c5": Claim("top-1 is not lower by more than 0.5 points", 8, lambda f: _transfer(f, "top1", -0.5)),
    "s000.c6": Claim("mean squared error differs by more than 0", 8, lambda f: _transfer(f, "restored_mse", 0)),
    "s000.c7": Claim("mean squared error differs by more than 0, at equal widths", 0, _c7),
}


@dataclass(frozen=True)
class Shen2022(CellPaper):
    """Restore small blurred images with a U-Net, then classify them: accuracy and error of what is restored."""

    paper = "Shen, Huang, Zhang and Xu 2022, restore blurry small images, then classify them"
    suite = "restored-digits"
    sizes: ClassVar[Mapping[str, str]] = {
        "training images": "54,000 of Fashion-MNIST, 6,561 of USPS, 101,520 of EMNIST (a tenth validates)",
        "test images": "10,000 of Fashion-MNIST, 2,007 of USPS, 18,800 of EMNIST",
        "classifier epochs": "until 5 in a row are no better",
        "restorer epochs": "29 (Gaussian) and 43 (move) in the stored curves, best 24 and 38",
        "recipes": "Adam, 1e-4 (classifiers) and 3e-4 (restorers), the state of the best validation loss",
        "seeds": "one, as far as is told",
        "restorers": "unet of 9x9 kernels, widths 64, 128, 256; reverse-unet with 32 channels",
        "classifiers": "cnn3 in the text; a larger network in the authors' accuracy programme",
    }
    notes = (
        "EMNIST is `balanced`. The glyphs that ship with the tool are drawn letters and stand in no column of the "
        "paper; where they were used, the table beside the paper says so.",
        "The sigma of the blur is 1 for every column. The authors' older programme, from which the blurry accuracies "
        "may come, has sigma 2.",
        "USPS is the variant that LIBSVM and torchvision give.",
    )

    def anchors(self) -> tuple[Anchor, ...]:
        return anchors(NUMBER)

    def statements(self) -> tuple[Statement, ...]:
        return statements(NUMBER)

    def tables(self, evidence: Findings) -> tuple[Table, ...]:
        return tables(evidence, self.anchors())

    def claims(self) -> Mapping[str, Claim[Findings]]:
        return CLAIMS


@hookimpl
def register_papers(register: Callable[[str, type[Paper]], None]) -> None:
    register("shen2022", Shen2022)
