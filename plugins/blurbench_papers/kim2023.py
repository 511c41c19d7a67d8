"""Kim 2023: Tables 1 to 5, ImageNet under a Gaussian of sigma 1 to 2."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from blurbench import hookimpl
from blurbench.contract import Paper
from blurbench.papers.filling import above, fill, lookup, measured
from blurbench.papers.findings import Findings, Place
from blurbench.papers.paper import CellPaper, Claim
from blurbench.papers.published import Anchor, Statement
from blurbench.papers.report import Comparison, Filled, Table
from blurbench_papers.printed import anchors, statements

__all__ = ["Kim2023"]

IMAGENET, BLUR = "imagenet", "gauss19"
NETWORKS = {"ResNet50": "resnet50", "VGG19": "vgg19", "GoogLeNet": "googlenet"}
FITTED = {"train_blur": "retrain", "train_blur_sharp_50_50": "blur-augment"}


def published(network: str, test_blur: str) -> Place:
    """A network that starts from its published weights."""
    return Place(IMAGENET, "plain", "", test_blur, f"{NETWORKS[network]}-published")


def scratch(network: str, strategy: str, test_blur: str = BLUR) -> Place:
    """A network fitted from random weights."""
    fitted = "" if strategy == "plain" else BLUR
    return Place(IMAGENET, strategy, fitted, test_blur, f"{NETWORKS[network]}-scratch")


def _place(anchor: Anchor) -> Place:
    if anchor.row == "ViT":
        return Place(IMAGENET, "plain" if anchor.column == "blurred" else "mask-above", "", BLUR)
    if anchor.column in FITTED:
        return scratch(anchor.row, FITTED[anchor.column])
    return published(anchor.row, "none" if anchor.column == "sharp" else BLUR)


TABLES = {
    "Table 1": ("top-1 of published networks", "top1", ("sharp", "blurred")),
    "Table 2": ("top-5 of published networks", "top5", ("sharp", "blurred")),
    "Table 3": ("top-1 on blurred images, fitted from random weights", "top1", tuple(FITTED)),
    "Table 4": ("top-5 on blurred images, fitted from random weights", "top5", tuple(FITTED)),
    "Table 5": ("top-1 of a transformer, all patches and without some", "top1", ("blurred", "patches_removed")),
}


def tables(findings: Findings, anchors: tuple[Anchor, ...]) -> tuple[Table, ...]:
    """The five of the paper, and the arms that it lacks."""
    found = []
    for source, (title, metric, columns) in TABLES.items():
        cells = [
            fill(findings, anchor, (_place(anchor), metric), of=lambda value: 100 * value)
            for anchor in lookup(anchors, source)
        ]
        found.append(Table(source, title, "percent", columns, tuple(cells)))
    return (*found, _beside(findings))


def _beside(findings: Findings) -> Table:
    """On whatever was measured: sharp images alone, and patches masked in both directions."""
    columns = {
        "sharp alone": ("plain", ""),
        "blurred alone": ("retrain", BLUR),
        "half and half": ("blur-augment", BLUR),
        "patches below 100 masked": ("mask-below", ""),
        "patches above 100 masked": ("mask-above", ""),
        "tokens below 100 dropped": ("drop-below", ""),
    }
    classifiers = dict.fromkeys((line["dataset"], line["classifier"]) for line in findings.manifest.lines)
    strategies = {(line["dataset"], line["classifier"], line["strategy"]) for line in findings.manifest.lines}
    cells = [
        measured(
            findings,
            Filled(f"{classifier}, {dataset}", column),
            (Place(dataset, strategy, fitted, BLUR, classifier), "top1"),
            lambda value: 100 * value,
        )
        for dataset, classifier in classifiers
        for column, (strategy, fitted) in columns.items()
        if (dataset, classifier, strategy) in strategies
    ]
    title = "top-1 on blurred images of everything that was measured, the missing arm included"
    return Table("Beside the paper", title, "percent", tuple(columns), tuple(cells))


# --- claims --------------------------------------------------------------------------------------------------------


def _c1(findings: Findings) -> Iterator[Comparison]:
    for network in NETWORKS:
        yield above(
            findings,
            f"{network}: sharp over blurred",
            (published(network, "none"), "top1"),
            (published(network, BLUR), "top1"),
            10.0,
        )


def _c2(findings: Findings) -> Iterator[Comparison]:
    orders = {BLUR: ("ResNet50", "GoogLeNet", "VGG19"), "none": ("ResNet50", "VGG19", "GoogLeNet")}
    for blur, order in orders.items():
        for better, worse in pairwise(order):
            yield above(
                findings,
                f"{better} over {worse}, {'sharp' if blur == 'none' else 'blurred'}",
                (published(better, blur), "top1"),
                (published(worse, blur), "top1"),
            )


def _c3(findings: Findings) -> Iterator[Comparison]:
    for network in NETWORKS:
        half, blurred = (scratch(network, strategy) for strategy in ("blur-augment", "retrain"))
        yield above(
            findings, f"{network}: published over half and half", (published(network, BLUR), "top1"), (half, "top1")
        )
        yield above(findings, f"{network}: half and half over blurred alone", (half, "top1"), (blurred, "top1"))


def _c4(findings: Findings) -> Iterator[Comparison]:
    whole, masked = (Place(IMAGENET, strategy, "", BLUR) for strategy in ("plain", "mask-above"))
    yield above(findings, "ViT: all patches over masked", (whole, "top1"), (masked, "top1"))


CLAIMS: Mapping[str, Claim[Findings]] = {
    "s001.c1": Claim("each loses more than 10 points", 3, _c1),
    "s001.c2": Claim("top-1 differs by more than 0 points", 4, _c2),
    "s001.c3": Claim("top-1 differs by more than 0 points", 6, _c3),
    "s001.c4": Claim("top-1 differs by more than 0 points", 1, _c4),
}


@dataclass(frozen=True)
class Kim2023(CellPaper):
    """Published and fitted networks on blurred photographs, and a transformer that leaves out blurred patches."""

    paper = "Kim 2023, classify blurred photographs without deblurring them (Seoul National University)"
    suite = "imagenet-blur"
    sizes: ClassVar[Mapping[str, str]] = {
        "training images": "a fifth of ImageNet-2012: about 256,000",
        "test images": "50,000, all validation images of ImageNet-2012, as far as is told",
        "classifier epochs": "not told",
        "recipes": "not told",
        "seeds": "one, as far as is told",
        "classifiers": "ResNet50, VGG19, GoogLeNet with torchvision's first weights or from random ones; a vision "
        "transformer of unknown size",
    }
    notes = (
        "Published weights are fitted further to sharp images for the budget's epochs before they are tested.",
        "The paper compares networks fitted to a fifth of the images with networks published after all of them. The "
        "same fit on sharp images alone, which it lacks, is measured beside it.",
        "The rule for patches is printed the other way round than it reads best; both directions are measured, and "
        "the printed one stands in Table 5.",
    )
    fine_tuning = ("first-n",)

    def anchors(self) -> tuple[Anchor, ...]:
        return anchors("001")

    def statements(self) -> tuple[Statement, ...]:
        return statements("001")

    def tables(self, evidence: Findings) -> tuple[Table, ...]:
        return tables(evidence, self.anchors())

    def claims(self) -> Mapping[str, Claim[Findings]]:
        return CLAIMS


@hookimpl
def register_papers(register: Callable[[str, type[Paper]], None]) -> None:
    register("kim2023", Kim2023)
