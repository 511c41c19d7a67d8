"""`blurbench plugin`: the installed packages that bring plugins."""

from __future__ import annotations

import typer

from blurbench.registry.discovery import discover

__all__ = ["app"]

app = typer.Typer(help="Installed plugin packages.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def plugin() -> None:
    """Installed plugin packages."""


@app.command("list")
def list_packages() -> None:
    """List the packages with what each brings, and the plugins that could not be loaded with the reason."""
    registry = discover()
    packages: dict[str, dict[str, list[str]]] = {}
    for kind, entries in registry.entries.items():
        for entry in entries.values():
            kinds = packages.setdefault(f"{entry.package} {entry.version}", {})
            kinds.setdefault(kind, []).append(entry.name)
    for package, kinds in packages.items():
        typer.echo(package)
        for kind, names in kinds.items():
            typer.echo(f"  {kind}: {', '.join(sorted(names))}")
    for problem in registry.problems:
        typer.echo(f"problem: {problem}")
    if registry.problems:
        raise typer.Exit(1)
