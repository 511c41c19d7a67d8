"""What blurbench means to reach, as ratios within one run, and how far this run got."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from benchmarks.timing.results import Group, Report
from benchmarks.timing.sizes import SIZES

__all__ = ["AIMS", "Aim", "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """One measured figure: a ratio, what it was to be, and what bounded it."""

    where: str
    reached: float
    wanted: float
    bound: str = ""

    def __str__(self) -> str:
        text = f"{self.where} {self.reached:.2f}x".strip()
        if self.reached >= self.wanted:
            return text
        short = 1 - self.reached / self.wanted
        return f"{text} (**missed** by {short:.0%} of {self.wanted:g}{'; ' + self.bound if self.bound else ''})"


Judge: TypeAlias = Callable[[Report], Iterator[Verdict]]


@dataclass(frozen=True)
class Aim:
    """What is aimed at, and its figures in a report; none where the report did not measure it."""

    what: str
    aim: str
    judge: Judge

    def measured(self, report: Report) -> str:
        """The figures as text."""
        return "; ".join(map(str, self.judge(report))) or "not measured in this run"


def _cpu_blur(small: float, large: float, *families: str) -> Judge:
    def judge(report: Report) -> Iterator[Verdict]:
        if _on_gpu(report):
            return
        for group in _of_families(report, families):
            if group.ratio is not None:
                where = group.size if len(families) == 1 else _place(group)
                yield Verdict(where, group.ratio, small if _small(group) else large, _bound(report, group))

    return judge


def _varying(report: Report) -> Iterator[Verdict]:
    """Approximate peers count here: exact and faster than them is the aim."""
    for group in _of_families(report, ("gaussian, varying",)):
        others = [row.seconds for row in group.rows if not row.name.startswith("blurbench")]
        if others:
            yield Verdict(group.size, min(others) / group.ours.seconds, 1, _bound(report, group))


def _varying_error(report: Report) -> Iterator[Verdict]:
    for group in _of_families(report, ("gaussian, varying",)):
        if group.ours.difference:
            error = group.ours.difference
            yield Verdict(f"{group.size} {error:.0e}, the aim over it", 1e-5 / error, 1)


def _restorer_step(wanted: float) -> Judge:
    def judge(report: Report) -> Iterator[Verdict]:
        for group in _steps(report):
            if group.ratio is not None:
                rate = group.operations / group.ours.seconds / report.limits.matrix_product
                bound = f"{rate:.0%} of the matrix rate, counted as plain convolutions"
                yield Verdict(f"batch {group.images}", group.ratio, wanted, bound)

    return judge


def _gpu_kornia(report: Report) -> Iterator[Verdict]:
    if not _on_gpu(report):
        return
    for group in report.of("blur"):
        rows = [row.seconds for row in group.rows if row.name.startswith("kornia") and not row.remark]
        if rows:
            yield Verdict(_place(group), min(rows) / group.ours.seconds, 5, _bound(report, group))


def _gpu_copy(report: Report) -> Iterator[Verdict]:
    if _on_gpu(report):
        for group in report.of("blur"):
            yield Verdict(_place(group), _share_of_copy(report, group), 0.6)


def _gpu_step(report: Report) -> Iterator[Verdict]:
    if report.limits.matrix_product_bf16 is not None:
        for group in _steps(report):
            rate = group.operations / group.ours.seconds
            yield Verdict(f"batch {group.images}", rate / report.limits.matrix_product_bf16, 0.5)


def _not_here(report: Report) -> Iterator[Verdict]:
    return iter(())


AIMS = (
    Aim(
        "gaussian, sigma of its own for each image",
        "2x the best peer up to 32 px, 4x from 224 px",
        _cpu_blur(2, 4, "gaussian, sampled sigma"),
    ),
    Aim(
        "gaussian at any size",
        "never below 1x the best peer",
        _cpu_blur(1, 1, "gaussian, sampled sigma", "gaussian, sigma 3"),
    ),
    Aim("motion, kernel of its own", "2x / 6x", _cpu_blur(2, 6, "diagonal line", "random walk")),
    Aim("disc, radius of its own", "1.5x / 6x", _cpu_blur(1.5, 6, "disc, sampled")),
    Aim("varying sigma, any map", "error at most 1e-5", _varying_error),
    Aim("varying sigma, any map", "faster than every peer, approximate ones too", _varying),
    Aim("training step of the 9x9 `unet`, CPU, torch alone", "3x torch's own layers", _restorer_step(3)),
    Aim("the same, if a compiled kernel earns its keep", "6x", _restorer_step(6)),
    Aim("blur on a GPU", "5x kornia", _gpu_kornia),
    Aim("blur on a GPU", "at least 0.6 of the copy rate", _gpu_copy),
    Aim("training step of the 9x9 `unet`, GPU", "at least 0.5 of the bf16 matrix rate", _gpu_step),
    Aim("`mnist-family`, quick, two cores", "under 6 minutes cold, under 2 s when nothing changed", _not_here),
)
"""The last is a run of its own: `time blurbench run`."""


def _on_gpu(report: Report) -> bool:
    return str(report.machine["device"]).startswith("cuda")


def _of_families(report: Report, families: Iterable[str]) -> Iterator[Group]:
    wanted = tuple(families)
    return (group for group in report.of("blur") if group.what in wanted)


def _steps(report: Report) -> Iterator[Group]:
    return (group for group in report.of("restorers") if group.what == "unet training step")


def _place(group: Group) -> str:
    return f"{group.size} {group.what}"


def _small(group: Group) -> bool:
    return SIZES[group.size].small


def _share_of_copy(report: Report, group: Group) -> float:
    return group.bytes / group.ours.seconds / report.limits.copy


def _bound(report: Report, group: Group) -> str:
    return f"at {_share_of_copy(report, group):.0%} of the copy rate"
