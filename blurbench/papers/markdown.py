"""A paper's report as markdown: the same records, the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

from blurbench.board.render.escape import for_markdown, one_line
from blurbench.board.render.tables import bullets, grid
from blurbench.errors import listed
from blurbench.papers.report import Comparison, Filled, Judged, Report, Table

__all__ = ["render", "summary"]


def render(report: Report, pictures: tuple[str, ...] = ()) -> str:
    """The whole report. `pictures` are files that lie beside it."""
    parts = [
        f"# {for_markdown(report.name)}, budget {for_markdown(report.budget)}: published beside measured",
        for_markdown(report.citation) + ".",
        bullets(
            [f"Suite {for_markdown(report.suite)}, budget {for_markdown(report.budget)}", *map(_sentence, report.notes)]
        ),
        "## Sizes",
        grid(["", "paper", "here"], [_escaped(size.what, size.paper, size.here) for size in report.sizes]),
        "## Claims",
        _verdicts(report),
        *(part for claim in report.claims for part in _claim(claim)),
        "## Tables",
        MEANING,
        *(part for table in report.tables for part in _table(table)),
        *_figures(pictures),
    ]
    if report.commands:
        parts += ["## To repeat it", "\n".join("    " + one_line(command, 4000) for command in report.commands)]
    return "\n\n".join(parts) + "\n"


def summary(report: Report) -> str:
    """Tables and verdicts for a terminal."""
    parts = [f"{one_line(report.citation)} ({one_line(report.suite)}, budget {one_line(report.budget)})"]
    for table in report.tables:
        parts += [f"{table.source}: {table.title} ({table.unit})", _grid(table)]
    return "\n\n".join([*parts, "Claims", _verdicts(report, mark="")]) + "\n"


MEANING = (
    "Every printed figure stands beside the measured one, in the same unit; brackets after a measured value hold its "
    "95% interval over test images and, where there are several, seeds. An empty cell says below why it is empty."
)


def _sentence(text: str) -> str:
    """A text of ours, which may be longer than a label and keeps its backticks."""
    return one_line(text, 1000)


def _reason(text: str) -> str:
    """What a record says: anyone may have written it. Longer than a label, so clause by clause."""
    return "; ".join(map(for_markdown, text.split("; ")))


def _escaped(*texts: str) -> list[str]:
    return [_sentence(text).replace("|", "&#124;") for text in texts]


# --- tables --------------------------------------------------------------------------------------------------------


def _table(table: Table) -> Iterator[str]:
    yield f"### {table.source}: {for_markdown(table.title)}"
    yield f"In {table.unit}." + "".join(f" {note[0].upper()}{note[1:]}." for note in table.notes)
    yield _grid(table)
    lacking = _lacking(table)
    if lacking:
        yield bullets(
            f"{_cells_of(table, rows, columns)}: {_reason(reason)}" for (reason, columns), rows in lacking.items()
        )


def _grid(table: Table) -> str:
    """A row a row; for each column what the paper prints, where it prints anything, and what was measured."""
    printed = {name for name in table.columns if any(table.at(row, name).published is not None for row in table.rows)}
    header, rows = [""], [[for_markdown(row)] for row in table.rows]
    for name in table.columns:
        if name in printed:
            header += [f"{for_markdown(name)}, published"]
            for row, cells in zip(table.rows, rows, strict=True):
                cells.append(_published(table, table.at(row, name)))
        header += [f"{for_markdown(name)}, measured" if printed else for_markdown(name)]
        for row, cells in zip(table.rows, rows, strict=True):
            cells.append(_measured(table, table.at(row, name)))
    return grid(header, rows)


def _published(table: Table, cell: Filled) -> str:
    if cell.published is None:
        return ""
    published = table.form.format(cell.published)
    printed = published if cell.printed is None else table.form.format(cell.printed)
    return published if printed == published else f"{published} ({printed})"


def _measured(table: Table, cell: Filled) -> str:
    if cell.measured is None:
        return ""
    text = table.form.format(cell.measured)
    if table.scale is not None:
        text += f" ({table.form.format(cell.measured / table.scale)})"
    if cell.low is None or cell.high is None:
        return text
    return f"{text} [{table.form.format(cell.low)}, {table.form.format(cell.high)}]"


def _lacking(table: Table) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """The rows that lack figures: by the reason, and by the columns that they lack for it."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for row in table.rows:
        reasons = {name: table.at(row, name).reason for name in table.columns}
        for reason in dict.fromkeys(filter(None, reasons.values())):
            columns = tuple(name for name in table.columns if reasons[name] == reason)
            found.setdefault((reason, columns), []).append(row)
    return found


def _cells_of(table: Table, rows: list[str], columns: tuple[str, ...]) -> str:
    shown = listed([*map(for_markdown, rows)], 8)
    return shown if len(columns) == len(table.columns) else f"{shown} ({', '.join(map(for_markdown, columns))})"


# --- claims --------------------------------------------------------------------------------------------------------


def _verdicts(report: Report, mark: str = "**") -> str:
    header = ["claim", "", "verdict", "rows", "in the paper's own figures"]
    rows = [
        _escaped(claim.id, claim.text, f"{mark}{claim.verdict}{mark}", _extent(claim), claim.own_figures)
        for claim in report.claims
    ]
    return grid(header, rows)


def _extent(claim: Judged) -> str:
    """`4 of 4 measured hold, 12 in the paper`."""
    hold = sum(row.verdict == "holds" for row in claim.measured)
    in_paper = f", {claim.in_paper} in the paper" if claim.in_paper else ""
    if not claim.measured:
        return f"none measured{in_paper}"
    return f"{hold} of {len(claim.measured)} measured hold{in_paper}"


def _claim(claim: Judged) -> Iterator[str]:
    yield f"### {claim.id}: {claim.verdict}"
    texts = (claim.text, f"rule: {claim.rule}", claim.reason)
    yield " ".join(f"{_sentence(text[0].upper() + text[1:])}." for text in texts if text)
    if claim.measured:
        yield grid(
            ["row", "difference [95%]", "unit", "verdict"],
            [[for_markdown(row.name), _interval(row), row.unit, row.verdict] for row in claim.measured],
        )
    absent = [row for row in claim.comparisons if row.interval is None]
    reasons = dict.fromkeys(row.reason for row in absent)
    if reasons:
        yield bullets(
            f"not measured, {sum(row.reason == reason for row in absent)} rows: {_reason(reason)}" for reason in reasons
        )


def _interval(row: Comparison) -> str:
    assert row.interval is not None
    form = "{:+.2e}" if row.unit == "MSE" else "{:+.4f}" if row.unit in ("SSIM", "squared pixels") else "{:+.2f}"
    estimate, low, high = (form.format(value) for value in (row.interval.estimate, row.interval.low, row.interval.high))
    return f"{estimate} [{low}, {high}]"


def _figures(pictures: tuple[str, ...]) -> Iterator[str]:
    if pictures:
        yield "## Figures"
    for name in pictures:
        yield f"![Error over levels](<{name}>)"
        yield "Level 0 is without distortion: there every line shows the network that was fitted to clean images."
