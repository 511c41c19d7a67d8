"""Dicosola 2020: the restored images of section 3 and 5 on CIFAR-10."""

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
from blurbench_papers.printed import CIFAR_COPIES, anchors, statements

__all__ = ["Dicosola2020"]

BLUR = "gauss-123"
CIFAR = "cifar10"
ROWS = {
    "ResUNet1": "resunet-1",
    "ResUNet3": "resunet-3",
    "EDDenseNet": "dense",
    "CAESSC_d22_f128_half_no_sigmoid": "caessc-d22-half-relu",
    "CAESSC_d22_f128_half": "caessc-d22-half",
    "CAESSC_d30_f64": "caessc-d30",
    "SRN_cifar_no_lstm": "srn-cifar",
    "SRN_cifar_lstm": "srn-cifar-lstm",
}
BESIDE = {
    "blurred image": "identity",
    "Wiener, told the PSF": "wiener",
    "Richardson-Lucy, told the PSF": "richardson-lucy",
    "unsharp mask": "unsharp-mask",
    "RED30": "red-30",
}
UNTRAINED = ("identity", "unsharp-mask", "wiener", "richardson-lucy")
METRICS = {"mse": "restored_mse", "psnr": "restored_psnr", "ssim": "restored_ssim"}
UNITS = {"mse": "MSE on the 0..1 scale", "psnr": "dB, mean over images", "ssim": "mean over images"}
FORMS = {"mse": "{:.5f}", "psnr": "{:.2f}", "ssim": "{:.4f}"}
ORDER = (
    "SRN_cifar_lstm",
    "SRN_cifar_no_lstm",
    "ResUNet3",
    "CAESSC_d30_f64",
    "ResUNet1",
    "CAESSC_d22_f128_half",
    "EDDenseNet",
    "CAESSC_d22_f128_half_no_sigmoid",
)


def place(strategy: str, dataset: str = CIFAR) -> Place:
    """A restorer's row under the paper's blur. What is not fitted has no training blur."""
    return Place(dataset, strategy, "" if strategy in UNTRAINED else BLUR, BLUR)


def _table(findings: Findings, anchors: tuple[Anchor, ...], column: str) -> Table:
    metric = METRICS[column]
    printed = [anchor for anchor in anchors if anchor.id == "s004.restore" and anchor.column == column]
    cells = [
        fill(findings, anchor, (place(ROWS[anchor.row]), metric) if anchor.row in ROWS else REDS, column="value")
        for anchor in printed
    ]
    cells += [
        measured(findings, Filled(label, "value"), (place(strategy), metric)) for label, strategy in BESIDE.items()
    ]
    cells += [
        measured(findings, Filled(f"{label}, {dataset}", "value"), (place(strategy, dataset), metric))
        for dataset in findings.datasets
        if dataset not in (CIFAR, *findings.stand_ins[CIFAR])
        for label, strategy in {**ROWS, **BESIDE}.items()
    ]
    return Table("Sections 3 and 5", column.upper(), UNITS[column], ("value",), tuple(cells), FORMS[column])


REDS = "REDS cannot be had here, and its full frames are in no suite"


def _external(findings: Findings, anchors: tuple[Anchor, ...]) -> Table:
    cells = [
        fill(findings, anchor, "quoted there from another paper, on other images")
        for anchor in anchors
        if anchor.id == "s004.ext"
    ]
    return Table("Quoted", "other papers' figures", "dB and SSIM", ("psnr", "ssim"), tuple(cells), "{:.4g}")


def _patches(findings: Findings, anchors: tuple[Anchor, ...]) -> Table:
    cells = [fill(findings, anchor, REDS) for anchor in lookup(anchors, "sec 4.2")]
    return Table(
        "Section 4.2",
        "share of REDS patches with SSIM above 0.9",
        "fraction",
        ("fraction_ssim_over_0.9",),
        tuple(cells),
    )


def tables(findings: Findings, anchors: tuple[Anchor, ...]) -> tuple[Table, ...]:
    """One for each quality measure, and the paper's two others."""
    quality = [_table(findings, anchors, column) for column in METRICS]
    return (*quality, _external(findings, anchors), _patches(findings, anchors))


# --- claims --------------------------------------------------------------------------------------------------------


def _over(findings: Findings, one: str, other: str, column: str, margin: float = 0.0) -> Comparison:
    """`one` better than `other`: a lower error, or more of the rest."""
    first, second = (other, one) if column == "mse" else (one, other)
    return above(
        findings,
        f"{one} over {other}: {column.upper()}",
        (place(ROWS[first]), METRICS[column]),
        (place(ROWS[second]), METRICS[column]),
        margin,
    )


def _c1(findings: Findings) -> Iterator[Comparison]:
    for column in METRICS:
        yield _over(findings, "ResUNet3", "ResUNet1", column)


def _c2(findings: Findings) -> Iterator[Comparison]:
    yield _over(findings, "CAESSC_d22_f128_half", "CAESSC_d22_f128_half_no_sigmoid", "psnr", 1.0)
    yield _over(findings, "CAESSC_d30_f64", "CAESSC_d22_f128_half", "psnr")


def _c3(findings: Findings) -> Iterator[Comparison]:
    for better, worse in pairwise(ORDER):
        yield _over(findings, better, worse, "psnr")


def _c4(findings: Findings) -> Iterator[Comparison]:
    yield _over(findings, "SRN_cifar_lstm", "SRN_cifar_no_lstm", "psnr")
    yield _over(findings, "SRN_cifar_no_lstm", "SRN_cifar_lstm", "ssim")
    for other in ORDER:
        if other != "ResUNet3":
            yield _over(findings, "ResUNet3", other, "ssim")


CLAIMS: Mapping[str, Claim[Findings]] = {
    "s004.c1": Claim("better by more than 0 in each measure", 3, _c1),
    "s004.c2": Claim("PSNR higher by more than 1 dB (sigmoid) and by more than 0 (d30_f64)", 2, _c2),
    "s004.c3": Claim("each PSNR higher than the next by more than 0", 7, _c3),
    "s004.c4": Claim("PSNR, then SSIM, differ by more than 0; one seed cannot tell it", 9, _c4),
}


@dataclass(frozen=True)
class Dicosola2020(CellPaper):
    """Errors of restored images, network by network."""

    paper = "Dicosola 2020, deblurring networks on CIFAR-10 and REDS"
    suite = "restoration"
    sizes: ClassVar[Mapping[str, str]] = {
        "training images": "42,500 of CIFAR-10 (15% validates; 10% for SRN)",
        "test images": "10,000 of CIFAR-10; 4,225 for EDDenseNet and 8,000 for ResUNet by the size of their batches",
        "restorer epochs": "46 (ResUNet1), 50 (ResUNet3), 23 (EDDenseNet), 90 and 65 (CAESSC d22 with and without "
        "sigmoid), 40 (CAESSC d30), up to 70 (SRN)",
        "recipes": "Adam, 1e-3 (1e-4 for CAESSC), the state of the best validation loss",
        "seeds": "one, as far as is told",
        "restorers": "resunet with 32 channels, ed-densenet with growth 16, caessc with 128 or 64 filters, srn of "
        "width 1",
    }
    notes = (
        "Sigma is 1, 2 or 3 with equal chances for each image, as the authors' programme has it.",
        "The paper mirrors images while it fits all networks but SRN; here that is so under budget `paper` alone.",
    )
    stand_ins: ClassVar[Mapping[str, Mapping[str, str]]] = {CIFAR: CIFAR_COPIES}

    def anchors(self) -> tuple[Anchor, ...]:
        return anchors("004")

    def statements(self) -> tuple[Statement, ...]:
        return statements("004")

    def tables(self, evidence: Findings) -> tuple[Table, ...]:
        return tables(evidence, self.anchors())

    def claims(self) -> Mapping[str, Claim[Findings]]:
        return CLAIMS


@hookimpl
def register_papers(register: Callable[[str, type[Paper]], None]) -> None:
    register("dicosola2020", Dicosola2020)
