"""`blurbench plugin`: the installed packages that bring plugins; writing one, and checking one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from blurbench.cli import options
from blurbench.registry.discovery import discover
from blurbench.scaffold import Kind, write_package

if TYPE_CHECKING:
    from blurbench.testing import Report

__all__ = ["app"]

app = typer.Typer(help="Plugin packages: list, new, check.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def plugin() -> None:
    """Plugin packages: list, new, check."""


@app.command("list")
@options.with_plugins
def list_packages() -> None:
    """List the packages with what each brings, and the plugins that could not be loaded with the reason."""
    registry = discover()
    packages: dict[str, dict[str, list[str]]] = {}
    for entry in registry:
        kinds = packages.setdefault(f"{entry.package} {entry.version}", {})
        kinds.setdefault(entry.kind, []).append(entry.name)
    for package, kinds in packages.items():
        typer.echo(package)
        for kind, names in kinds.items():
            typer.echo(f"  {kind}: {', '.join(sorted(names))}")
    for problem in registry.problems:
        typer.echo(f"problem: {problem}")
    if registry.problems:
        raise typer.Exit(1)


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Of the plugin: lower-case words joined by hyphens.")],
    kind: Annotated[Kind, typer.Option(help="What it is.")] = "blur",
    folder: Annotated[Path | None, typer.Option("--dir", help="Where to write it. [blurbench-NAME]")] = None,
) -> None:
    """Write a package with one plugin that works, its tests and a CI file. Nothing is overwritten."""
    written = write_package(name, kind, folder)
    for path in written:
        typer.echo(f"wrote {path}")
    typer.echo(f"next: pip install -e '{written[0].parent}[test]' && pytest {written[0].parent}")


@app.command("check")
@options.with_plugins
def check(
    what: Annotated[list[str], typer.Argument(help="An installed package, a module, a file.py, or kind:name[...].")],
) -> None:
    """Try every promise of the contract; a line for each that is broken, and exit code 1."""
    from blurbench.testing import report_on, subjects_of

    checked = found = 0
    for subjects, problems in map(subjects_of, what):
        for problem in problems:
            typer.echo(f"problem: {problem}")
        for subject in subjects:
            report = report_on(subject)
            typer.echo(f"{report.who}: {_verdict(report)}")
            for finding in report.findings:
                typer.echo(f"  - {finding}")
            for reason in report.unchecked:
                typer.echo(f"  not checked: {reason}")
            found += len(report.findings)
        checked, found = checked + len(subjects), found + len(problems)
    typer.echo(f"{_counted(checked, 'plugin')} checked, {_counted(found, 'finding')}")
    if found:
        raise typer.Exit(1)


def _verdict(report: Report) -> str:
    if report.findings:
        return _counted(len(report.findings), "finding")
    return "ok, as far as it was checked" if report.unchecked else "ok"


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'s' * (number != 1)}"
