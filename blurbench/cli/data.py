"""`blurbench data`: which data sets are here, which are missing, and how to get them."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from blurbench.cli import options
from blurbench.contract import Dataset
from blurbench.errors import Unavailable, shortened
from blurbench.registry import Registry
from blurbench.registry.discovery import discover
from blurbench.registry.validation import is_required
from blurbench.running.folders import cache_folder, data_folders

__all__ = ["app"]

app = typer.Typer(
    help="Data sets: what is where, what is missing, how to get it.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("ls")
@options.with_plugins
def ls(
    data_dir: options.DataDirs = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, as JSON.")] = False,
) -> None:
    """List every data set with its place, or with what to do to get it."""
    registry = discover()
    folders = data_folders(tuple(data_dir or ()))
    names = sorted(name for name, entry in registry.entries["datasets"].items() if not isinstance(entry.target, Path))
    found = [_facts(registry, name, folders) for name in names]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    for one in found:
        typer.echo(f"{one['name']:18} {one['state']:8} {one['reason'] or _place(one['files'])}")
        typer.echo(f"{'':27}{one['about']}. Licence: {one['licence']}")


def _facts(registry: Registry, name: str, folders: tuple[Path, ...]) -> dict[str, Any]:
    target = registry.get("datasets", name).target
    assert isinstance(target, type)
    assert issubclass(target, Dataset)
    state, reason, files, lineage = "here", "", list[str](), list[str]()
    lacking = [item.name for item in fields(target) if is_required(item)]  # type: ignore[arg-type]
    try:
        if lacking:
            raise Unavailable(f"it is what its parameters make of it: give {' and '.join(lacking)}")
        dataset: Dataset = registry.resolve("datasets", name)
        lineage = sorted(dataset.lineage)
        files = sorted(map(str, dataset.sources(folders)))
    except Unavailable as why:
        state, reason = "missing", shortened(str(why))
    except Exception as error:  # a broken plugin: the others are listed all the same
        state, reason = "broken", f"{type(error).__name__}: {shortened(str(error))}"
    return {
        "name": name,
        "state": state,
        "reason": reason,
        "files": files,
        "about": target.about,
        "licence": target.licence,
        "lineage": lineage,
    }


def _place(files: list[str]) -> str:
    return ", ".join(sorted({str(Path(file).parent) for file in files})) or "made by the plugin"


@app.command("fetch")
@options.with_plugins
def fetch(
    names: Annotated[list[str], typer.Argument(help="Data sets to download.")],
    to: Annotated[Path | None, typer.Option(help="Folder [blurbench's cache, where runs look].")] = None,
) -> None:
    """Download data sets, checking their checksums."""
    registry = discover()
    folder = to or cache_folder()
    datasets = {name: registry.resolve("datasets", name) for name in names}
    for name, dataset in datasets.items():
        try:
            dataset.sources((folder, *data_folders()))
            typer.echo(f"{name}: already here")
            continue
        except Unavailable:
            pass
        folder.mkdir(parents=True, exist_ok=True)
        dataset.fetch(folder)
        typer.echo(f"{name}: fetched into {folder}")
