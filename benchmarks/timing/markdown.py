"""A report as GitHub markdown. Losses look like wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from benchmarks.timing.aims import AIMS
from benchmarks.timing.results import Group, Report, Row
from benchmarks.timing.sizes import SIZES
from blurbench.errors import shortened

__all__ = ["progress", "render", "summary", "table"]


def render(report: Report) -> str:
    """The whole file."""
    parts = [
        "# How fast blurbench is",
        _bullets(_opening(report)),
        "To repeat it:",
        f"    {report.command}",
        *_warning(report),
        "## Aims",
        "Ratios within this run; what is missed says by how much, and how near the machine's own limit it is.",
        table(("what", "aim", "measured"), ((aim.what, aim.aim, aim.measured(report)) for aim in AIMS)),
        *_sections(report),
        "## Every contender",
        "Milliseconds: median of the rounds and their interquartile range. Difference: the largest from the true blur "
        "(float64, some thousand pixels), or from blurbench's own result where networks are compared.",
        table(("work", "size", "contender", "ms", "IQR", "rounds", "difference", "remark"), _everyone(report.groups)),
        "## How it was measured",
        _bullets((*_METHOD, *report.notes)),
    ]
    return "\n\n".join(parts) + "\n"


def progress(group: Group) -> str:
    """One group in one line."""
    beside = "" if group.best is None else f", {times(group.ratio)} {group.best.name}"
    return f"{group.what} {group.size}: {rate(group, group.ours)} images a second{beside}"


def summary(report: Report) -> str:
    """The ratios, for a terminal."""
    return "\n\n".join([*_sections(report), *_warning(report), *map(shortened, report.notes)]) + "\n"


# --- opening -------------------------------------------------------------------------------------------------------


def _opening(report: Report) -> Iterator[str]:
    yield ", ".join(f"{name} {value}" for name, value in report.machine.items())
    yield f"{report.time}; " + ", ".join(f"{name} {value}" for name, value in report.versions.items())
    limits = report.limits
    bf16 = f", in bfloat16 {_flops(limits.matrix_product_bf16)}" if limits.matrix_product_bf16 else ""
    yield (
        f"Limits measured in this run: product of float32 matrices {_flops(limits.matrix_product)}{bf16}; "
        f"copy {limits.copy / 1e9:.1f} GB/s, read and written"
    )


def _flops(rate: float) -> str:
    return f"{rate / 1e9:,.0f} GFLOP/s"


def _warning(report: Report) -> list[str]:
    if not report.busy:
        return []
    first = "; ".join(report.busy[:3])
    more = f"; and so on, {len(report.busy)} remarks in all" if len(report.busy) > 3 else ""
    return [f"**The machine was busy: do not trust these figures.** {first}{more}."]


_METHOD = (
    "Contenders take turns, each round begun by another one; a first call is not counted. Fast ones get more rounds.",
    "What a peer prefers (layout, kernels as images) is made before its clock starts; blurbench starts from typed "
    "PSFs.",
    "Peers whose result differs by more than 1e-4 are marked and do not count as the best peer.",
    "`blurbench, torch alone` is the same call where no compiler is found. It is no peer.",
    "Sizes: " + "; ".join(f"{name} = {size}" for name, size in SIZES.items()) + ".",
)


# --- sections ------------------------------------------------------------------------------------------------------


def _sections(report: Report) -> list[str]:
    parts = []
    if blurs := report.of("blur"):
        parts += ["## Blur, an own kernel for every image", *_blurs(report, blurs)]
    if groups := report.of("restorers"):
        parts += ["## Restorers' networks", _networks(report, groups)]
    if groups := report.of("classifiers"):
        parts += ["## Classifiers' networks", _networks(report, groups)]
    if groups := report.of("fitting"):
        parts += ["## Fitting, beside a DataLoader with PIL images and torch's own layers", _fits(groups)]
    return parts


def _blurs(report: Report, groups: Sequence[Group]) -> list[str]:
    sizes = list(dict.fromkeys(group.size for group in groups))
    families = list(dict.fromkeys(group.what for group in groups))
    found = {(group.what, group.size): group for group in groups}

    def cells(family: str, show: Callable[[Report, Group], str]) -> tuple[str, ...]:
        return (family, *(show(report, found[family, size]) if (family, size) in found else "" for size in sizes))

    heads = ("", *sizes)
    return [
        "Times as fast as the best peer, and which that is:",
        table(heads, (cells(family, _beside_best) for family in families)),
        "The same without a compiler:",
        table(heads, (cells(family, _plain_beside_best) for family in families)),
        "Images a second, and bytes in and out as a share of the copy rate:",
        table(heads, (cells(family, _throughput) for family in families)),
    ]


def _beside_best(report: Report, group: Group) -> str:
    return _ratio(group, group.ours)


def _plain_beside_best(report: Report, group: Group) -> str:
    return "" if group.plain is None else _ratio(group, group.plain)


def _throughput(report: Report, group: Group) -> str:
    share = group.bytes / group.ours.seconds / report.limits.copy
    return f"{rate(group, group.ours)} ({share:.0%})"


def _networks(report: Report, groups: Iterable[Group]) -> str:
    heads = ("network", "size", "images a second", "share of the matrix rate", "times as fast as torch's own layers")
    return table(
        heads,
        (
            (
                group.what,
                group.size,
                rate(group, group.ours),
                f"{group.operations / group.ours.seconds / report.limits.matrix_product:.0%}",
                "the same layers" if len(group.rows) == 1 else times(group.ratio),
            )
            for group in groups
        ),
    )


def _fits(groups: Iterable[Group]) -> str:
    heads = ("fit", "images", "images a second", "times as fast")
    return table(heads, ((group.what, group.size, rate(group, group.ours), times(group.ratio)) for group in groups))


def _everyone(groups: Iterable[Group]) -> Iterator[tuple[str, ...]]:
    for group in groups:
        for row in group.rows:
            difference = "" if row.difference is None else f"{row.difference:.1e}"
            yield (
                group.what,
                group.size,
                row.name,
                f"{row.seconds * 1e3:.4g}",
                f"{row.iqr * 1e3:.2g}",
                str(row.rounds),
                difference,
                row.remark,
            )


# --- figures and tables --------------------------------------------------------------------------------------------


def rate(group: Group, row: Row) -> str:
    """Images a second."""
    value = group.images / row.seconds
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def times(ratio: float | None) -> str:
    """A ratio, whichever side of 1 it lies on."""
    return "no peer" if ratio is None else f"{ratio:.2f}x"


def _ratio(group: Group, row: Row) -> str:
    best = group.best
    return "no peer" if best is None else f"{times(best.seconds / row.seconds)} {best.name.split()[0]}"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose source reads well too."""
    cells = [tuple(heads), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    widths = [max(3, *(len(row[column]) for row in cells)) for column in range(len(heads))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
